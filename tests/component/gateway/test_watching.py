from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from services.gateway.adapters.account_surroundings import AccountSurroundings, open_session
from services.gateway.adapters.cursor_folder import CursorFolder
from services.gateway.channels.base import SecretSettings
from services.gateway.domain.account import Account
from services.gateway.domain.incoming import IncomingEvent, PullDue, UnrecognisedEvent
from services.gateway.ports import UnavailableError
from services.gateway.sources.source import Surroundings
from services.gateway.watching import Bell, Watcher
from services.kernel.clock import SystemClock

ACCOUNT = Account("acme", "main", "pulled", SecretSettings())
EVENT = IncomingEvent("1", "pulled", "", UnrecognisedEvent("x", b""), None)


class Taker:
    """Is away for as many calls as it is told."""

    def __init__(self, away: int = 0) -> None:
        self.away = away
        self.taken: list[tuple[str, str]] = []

    async def take(
        self, account: Account, events: Sequence[IncomingEvent], raw: bytes = b""
    ) -> None:
        if self.away:
            self.away -= 1
            raise UnavailableError("the log is away")
        self.taken += [(account.account, event.event_id) for event in events]


class Around(AccountSurroundings):
    """Pauses take no time; they are counted."""

    def __init__(self, *args: Any, **parts: Any) -> None:
        super().__init__(*args, **parts)
        self.pauses: list[float] = []

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)


class ScriptedSource:
    """Does what it is told, one step a start."""

    kind = "pulled"

    def __init__(self, *steps: Any) -> None:
        self.steps = list(steps)
        self.arounds: list[Any] = []
        self.idle = asyncio.Event()
        self.due: list[PullDue | None] = []

    def wanted(self, settings: object) -> bool:
        return True

    async def run(self, around: Surroundings, settings: object) -> None:
        self.arounds.append(around)
        step = self.steps.pop(0) if self.steps else "idle"
        if isinstance(step, Exception):
            raise step
        if step == "wait":
            self.due.append(await around.next_due(60))
        self.idle.set()
        await asyncio.Event().wait()


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with open_session() as opened:
        yield opened


def build(session: ClientSession, tmp_path: Path, taker: Taker) -> Any:
    cursors = CursorFolder(tmp_path / "cursors")
    cursors.open()

    def surround(account: Account, bell: Bell) -> Around:
        return Around(
            account,
            bell,
            taker=taker,
            cursors=cursors,
            session=session,
            clock=SystemClock(),
        )

    return surround


@pytest.fixture
def around(session: ClientSession, tmp_path: Path) -> Around:
    built = build(session, tmp_path, Taker())(ACCOUNT, Bell())
    assert isinstance(built, Around)
    return built


async def test_a_source_whose_connection_breaks_is_started_again_with_growing_pauses(
    session: ClientSession, tmp_path: Path
) -> None:
    source = ScriptedSource(*[ConnectionError(f"cut {number}") for number in range(4)])
    watcher = Watcher([ACCOUNT], [source], build(session, tmp_path, Taker()), SystemClock())
    running = asyncio.create_task(watcher.run())
    async with asyncio.timeout(5):
        await source.idle.wait()
    assert source.arounds[0].pauses == [1.0, 2.0, 4.0, 8.0]
    assert watcher.report() == {"pulled/acme/main": "cut 3"}
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_an_account_may_have_several_sources(session: ClientSession, tmp_path: Path) -> None:
    well, ill = ScriptedSource("wait"), ScriptedSource(ConnectionError("cut"), "wait")
    watcher = Watcher([ACCOUNT], [ill, well], build(session, tmp_path, Taker()), SystemClock())
    watcher.pull_due(ACCOUNT, PullDue("wk1"))
    running = asyncio.create_task(watcher.run())
    async with asyncio.timeout(5):
        await well.idle.wait()
        await ill.idle.wait()
    assert watcher.report() == {"pulled/acme/main": "cut"}
    assert well.due == ill.due == [PullDue("wk1")]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_bug_in_a_source_ends_the_run(session: ClientSession, tmp_path: Path) -> None:
    watcher = Watcher(
        [ACCOUNT],
        [ScriptedSource(ZeroDivisionError())],
        build(session, tmp_path, Taker()),
        SystemClock(),
    )
    with pytest.raises(ExceptionGroup) as caught:
        await watcher.run()
    assert caught.group_contains(ZeroDivisionError)


async def test_what_can_be_pulled_wakes_its_source_once(
    session: ClientSession, tmp_path: Path
) -> None:
    source = ScriptedSource("wait")
    watcher = Watcher([ACCOUNT], [source], build(session, tmp_path, Taker()), SystemClock())
    watcher.pull_due(ACCOUNT, PullDue("wk1", "old"))
    watcher.pull_due(ACCOUNT, PullDue("wk1", "new"))
    watcher.pull_due(Account("acme", "other", "pulled", SecretSettings()), PullDue("wk2"))
    running = asyncio.create_task(watcher.run())
    async with asyncio.timeout(5):
        await source.idle.wait()
    assert source.due == [PullDue("wk1", "new")]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_bell_that_nobody_rings_is_silent() -> None:
    assert await Bell().next_due(0.01) is None


async def test_a_gateway_without_sources_just_waits() -> None:
    def surround(account: Account, bell: Bell) -> Surroundings:
        raise AssertionError

    running = asyncio.create_task(Watcher([ACCOUNT], [], surround, SystemClock()).run())
    done, _ = await asyncio.wait({running}, timeout=0.05)
    assert not done
    running.cancel()


async def test_what_cannot_be_kept_now_is_tried_until_it_is(
    session: ClientSession, tmp_path: Path
) -> None:
    taker, bell = Taker(away=3), Bell()
    around = build(session, tmp_path, taker)(ACCOUNT, bell)
    await around.take([EVENT])
    assert taker.taken == [("main", "1")]
    assert around.pauses == [0.5, 1.0, 2.0]


async def test_a_cursor_belongs_to_its_account(
    around: Around, session: ClientSession, tmp_path: Path
) -> None:
    await around.keep_cursor("last", "7")
    other = Account("acme", "other", "pulled", SecretSettings())
    assert around.cursor("last") == "7"
    assert build(session, tmp_path, Taker())(other, Bell()).cursor("last") == ""
    assert build(session, tmp_path, Taker())(ACCOUNT, Bell()).cursor("last") == "7"


async def _echo(request: web.Request) -> web.Response:
    told = {"body": await request.text(), "type": request.headers.get("Content-Type", "")}
    return web.json_response(told, status=418, headers={"X-Told": "yes"})


async def _stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for piece in (b"one\r\ntw", b"o\n\nthr", b"ee"):
        await response.write(piece)
    return response


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(40):
        await response.write(b"x" * 64 * 1024)
    return response


@pytest.fixture
async def host() -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/echo", _echo)
    app.router.add_get("/stream", _stream)
    app.router.add_get("/endless", _endless)
    async with TestServer(app, host="127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, {"body": '{"a": "b c"}', "type": "application/json"}),
        (
            {"Content-Type": "application/x-www-form-urlencoded"},
            {"body": "a=b+c", "type": "application/x-www-form-urlencoded"},
        ),
    ],
)
async def test_a_call_carries_json_or_a_form(
    around: Around, host: str, headers: Mapping[str, str], expected: object
) -> None:
    status, told, body = await around.request(
        "POST", f"{host}/echo", headers=headers, json={"a": "b c"}
    )
    assert (status, told["x-told"], json.loads(body)) == (418, "yes", expected)


async def test_a_stream_is_given_line_by_line(around: Around, host: str) -> None:
    lines = [line async for line in around.stream(f"{host}/stream")]
    assert lines == [b"one", b"two", b"", b"three"]


async def test_what_is_no_stream_is_told_without_its_address(around: Around, host: str) -> None:
    with pytest.raises(ConnectionError, match="answered 418") as caught:
        _ = [line async for line in around.stream(f"{host}/echo?token=secret")]
    assert "secret" not in str(caught.value)


async def test_a_line_without_an_end_breaks_the_stream(around: Around, host: str) -> None:
    with pytest.raises(ConnectionError, match="a line has more than"):
        _ = [line async for line in around.stream(f"{host}/endless")]


async def test_nobody_there_is_a_connection_error(around: Around) -> None:
    with pytest.raises(ConnectionError, match=r"no answer from 127\.0\.0\.1:1"):
        await around.request("GET", "http://127.0.0.1:1/?token=secret")
