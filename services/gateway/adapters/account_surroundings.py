"""What a source uses of the outside world: HTTP, streams, cursors, time, and the way in."""

from __future__ import annotations

import asyncio
import json as jsons
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol
from urllib.parse import urlencode

import aiohttp

from services.gateway.domain.account import Account
from services.gateway.domain.incoming import IncomingEvent, PullDue
from services.gateway.ports import UnavailableError
from services.gateway.ports_media import CursorStore
from services.gateway.watching import Bell, Surround
from services.kernel.clock import Clock

_CALL_SECONDS = 60.0
_CONNECT_SECONDS = 10.0
# Streams send a sign of life far more often.
_SILENCE_SECONDS = 120.0
_LARGEST_ANSWER = 16 * 1024 * 1024
_LONGEST_LINE = 1024 * 1024
_CHUNK = 64 * 1024
_MOST_REDIRECTS = 5
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 30.0
_FORM = "application/x-www-form-urlencoded"


class EventTaker(Protocol):
    """The gateway's way in, as ``RequestIntake`` has it."""

    async def take(
        self, account: Account, events: Sequence[IncomingEvent], raw: bytes = b""
    ) -> object: ...


def open_session() -> aiohttp.ClientSession:
    """Return the session of all sources; whoever opens it closes it."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=_CALL_SECONDS, sock_connect=_CONNECT_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "careline-gateway"},
    )


class AccountSurroundings:
    """Implements ``Surroundings`` for one account."""

    def __init__(
        self,
        account: Account,
        bell: Bell,
        *,
        taker: EventTaker,
        cursors: CursorStore,
        session: aiohttp.ClientSession,
        clock: Clock,
    ) -> None:
        self._account = account
        self._bell = bell
        self._taker = taker
        self._cursors = cursors
        self._session = session
        self._clock = clock
        self._scope = f"{account.channel}/{account.organisation}/{account.account}"

    @property
    def account(self) -> Account:
        return self._account

    def now_us(self) -> int:
        return self._clock.now_us()

    async def take(self, events: Sequence[IncomingEvent], raw: bytes = b"") -> None:
        if not events:
            return
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                await self._taker.take(self._account, events, raw)
            except UnavailableError as error:
                self._bell.report(f"nothing can be kept: {error}")
                await self.pause(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            else:
                return

    def cursor(self, name: str) -> str:
        return self._cursors.read(self._scope, name)

    async def keep_cursor(self, name: str, value: str) -> None:
        await self._cursors.keep(self._scope, name, value)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: object = None,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Call once. A mapping goes as a form where the headers say "x-www-form-urlencoded"."""
        named = {name.lower(): value for name, value in (headers or {}).items()}
        data: bytes | None = None
        if json is not None and named.get("content-type") == _FORM and isinstance(json, Mapping):
            data = urlencode({str(name): str(value) for name, value in json.items()}).encode()
        elif json is not None:
            named.setdefault("content-type", "application/json")
            data = jsons.dumps(json).encode()
        try:
            async with self._session.request(
                method, url, headers=named, data=data, max_redirects=_MOST_REDIRECTS
            ) as answer:
                told = {name.lower(): value for name, value in answer.headers.items()}
                return answer.status, told, await _read(answer.content)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ConnectionError(f"no answer from {_host(url)}: {_why(error)}") from error

    async def stream(
        self, url: str, *, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[bytes]:
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_SECONDS, sock_read=_SILENCE_SECONDS
        )
        try:
            async with self._session.get(url, headers=headers, timeout=timeout) as answer:
                if answer.status != 200:  # noqa: PLR2004  # only a stream will do
                    raise ConnectionError(f"{_host(url)} answered {answer.status}")
                async for line in _lines(answer.content):
                    yield line
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if isinstance(error, ConnectionError) and not isinstance(error, aiohttp.ClientError):
                raise
            raise ConnectionError(f"the stream of {_host(url)} broke: {_why(error)}") from error

    async def next_due(self, seconds: float) -> PullDue | None:
        return await self._bell.next_due(seconds)

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def report(self, trouble: str = "") -> None:
        self._bell.report(trouble)


def surroundings(
    taker: EventTaker, cursors: CursorStore, session: aiohttp.ClientSession, clock: Clock
) -> Surround:
    """Return what builds each account's surroundings for the ``Watcher``."""

    def surround(account: Account, bell: Bell) -> AccountSurroundings:
        return AccountSurroundings(
            account, bell, taker=taker, cursors=cursors, session=session, clock=clock
        )

    return surround


async def _read(content: aiohttp.StreamReader) -> bytes:
    answer = bytearray()
    async for chunk in content.iter_chunked(_CHUNK):
        answer += chunk
        if len(answer) > _LARGEST_ANSWER:
            raise ConnectionError(f"the answer has more than {_LARGEST_ANSWER} bytes")
    return bytes(answer)


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r")
        if len(rest) > _LONGEST_LINE:
            raise ConnectionError(f"a line has more than {_LONGEST_LINE} bytes")
    if rest:
        yield rest


def _host(url: str) -> str:
    """Name the host only: an address may carry a token."""
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2]


def _why(error: BaseException) -> str:
    return str(error) if type(error) is ConnectionError else type(error).__name__
