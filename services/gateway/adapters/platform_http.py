"""The outside world of one account: HTTP calls, tokens, mail and the organisation's own chat."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from json import dumps
from typing import Final, Protocol

import aiohttp

from services.gateway.domain.outbound import (
    ReplyRefusedError,
    TryLaterError,
    UnknownOutcomeError,
)
from services.gateway.ports import UnavailableError
from services.gateway.senders.sender import AccessToken, PlatformAnswer
from services.kernel.clock import Clock

# An answer is a receipt; whatever is longer is something else.
MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
REQUEST_SECONDS: Final = 20.0
CONNECT_SECONDS: Final = 10.0
# A token is fetched anew so long before it expires: it must last for the call.
TOKEN_MARGIN_US: Final = 120 * 1_000_000

_USER_AGENT = "careline-gateway"
_JSON_HEADERS: Final = {"Content-Type": "application/json; charset=utf-8"}


class SubmitMail(Protocol):
    async def __call__(
        self, server: str, message: bytes, sender: str, recipients: Sequence[str]
    ) -> None: ...


class ShowInChat(Protocol):
    async def __call__(self, thread_key: str, message: Mapping[str, object]) -> None: ...


def open_session(
    request_seconds: float = REQUEST_SECONDS, connect_seconds: float = CONNECT_SECONDS
) -> aiohttp.ClientSession:
    """Return the session of all accounts.

    A connection serves one call: on one that was kept open, nobody can tell a request that was lost
    from one that was taken. No cookies, no limit that one platform could use up for the others.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, force_close=True),
        # Names are resolved within the time to connect: nothing was sent by then.
        timeout=aiohttp.ClientTimeout(total=request_seconds, connect=connect_seconds),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": _USER_AGENT},
    )


class HttpPlatform:
    """Satisfies :class:`services.gateway.senders.sender.Platform` for one account."""

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession,
        clock: Clock,
        submit_mail: SubmitMail,
        show_in_chat: ShowInChat,
    ) -> None:
        self._session = session
        self._clock = clock
        self._submit_mail = submit_mail
        self._show_in_chat = show_in_chat
        self._tokens: dict[str, AccessToken] = {}
        self._fetching: dict[str, asyncio.Lock] = {}

    def now_us(self) -> int:
        return self._clock.now_us()

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> PlatformAnswer:
        data: bytes | aiohttp.FormData | None = body
        named = dict(headers or {})
        if json is not None:
            data = dumps(json, ensure_ascii=False).encode(errors="replace")
            named = {**_JSON_HEADERS, **named}
        elif form is not None:
            data = aiohttp.FormData(form)
        _check_headers(named)
        try:
            async with self._session.request(
                method, url, headers=named, data=data, allow_redirects=False
            ) as answer:
                content = await _read(answer.content)
                names = {name.lower(): value for name, value in answer.headers.items()}
                return PlatformAnswer(answer.status, names, content)
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
            # Not even as the cause: some addresses hold a token.
            raise ReplyRefusedError(
                "bad_address",
                "the account's settings make an address that is none",
                "mend the account's settings",
            ) from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise TryLaterError(f"no connection: {type(error).__name__}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnknownOutcomeError(f"the answer is missing: {type(error).__name__}") from error

    async def token(self, name: str, fetch: Callable[[], Awaitable[AccessToken]]) -> str:
        async with self._fetching.setdefault(name, asyncio.Lock()):
            known = self._tokens.get(name)
            if known is None or known.expires_at_us - TOKEN_MARGIN_US <= self._clock.now_us():
                known = self._tokens[name] = await _fetched(fetch)
            return known.value

    def forget_token(self, name: str) -> None:
        self._tokens.pop(name, None)

    async def submit_mail(
        self, server: str, message: bytes, sender: str, recipients: Sequence[str]
    ) -> None:
        await self._submit_mail(server, message, sender, recipients)

    async def show_in_chat(self, thread_key: str, message: Mapping[str, object]) -> None:
        try:
            await self._show_in_chat(thread_key, message)
        except UnavailableError as error:
            raise TryLaterError(f"the chat cannot show it now: {error}") from error


def _check_headers(headers: Mapping[str, str]) -> None:
    """Refuse what would begin another header; it names the header alone."""
    for name, value in headers.items():
        if any(one in value for one in "\r\n\0"):
            raise ReplyRefusedError(
                "bad_header",
                f"the header {name} would hold a line break",
                "look for line breaks in the account's settings and in the reply's id",
            )


async def _fetched(fetch: Callable[[], Awaitable[AccessToken]]) -> AccessToken:
    """Fetch a token: without one nothing was sent, whatever became of the fetching."""
    try:
        return await fetch()
    except UnknownOutcomeError as error:
        raise TryLaterError(f"no access token: {error}") from error


async def _read(content: aiohttp.StreamReader) -> bytes:
    chunks = bytearray()
    async for chunk in content.iter_chunked(64 * 1024):
        chunks += chunk
        if len(chunks) > MAX_ANSWER_BYTES:
            raise UnknownOutcomeError(f"the answer has more than {MAX_ANSWER_BYTES} bytes")
    return bytes(chunks)
