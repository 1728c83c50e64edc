"""What can have arrived and what cannot: the difference between trying again and not knowing."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence

import aiohttp
import pytest
from aiohttp import web

from services.gateway.adapters.platform_http import MAX_ANSWER_BYTES, HttpPlatform, open_session
from services.gateway.domain.outbound import (
    ReplyRefusedError,
    TryLaterError,
    UnknownOutcomeError,
)
from services.gateway.ports import UnavailableError
from services.gateway.senders.sender import AccessToken
from services.kernel.testing.clock import ManualClock

HOUR_US = 3_600_000_000


class World:
    """A platform on loopback, and the account's side of it."""

    def __init__(self, base: str, session: aiohttp.ClientSession) -> None:
        self.base = base
        self.chat_is_away = False
        self.clock = ManualClock(1_700_000_000_000_000)
        self.mails: list[tuple[str, bytes, str, Sequence[str]]] = []
        self.shown: list[tuple[str, Mapping[str, object]]] = []
        self.platform = HttpPlatform(
            session=session,
            clock=self.clock,
            submit_mail=self._submit,
            show_in_chat=self._show,
        )

    async def _submit(
        self, server: str, message: bytes, sender: str, recipients: Sequence[str]
    ) -> None:
        self.mails.append((server, message, sender, recipients))

    async def _show(self, thread_key: str, message: Mapping[str, object]) -> None:
        if self.chat_is_away:
            raise UnavailableError("the log does not take it")
        self.shown.append((thread_key, message))


async def _echo(request: web.Request) -> web.Response:
    body = await request.read()
    return web.json_response(
        {
            "method": request.method,
            "type": request.headers.get("Content-Type", ""),
            "token": request.headers.get("Authorization", ""),
            "body": body.decode(),
        },
        headers={"X-Trace": "t1"},
    )


async def _redirect(_: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "/echo"})


async def _hang_up(request: web.Request) -> web.Response:
    await request.read()
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def _slow(_: web.Request) -> web.Response:
    await asyncio.sleep(5)
    return web.Response()


async def _endless(_: web.Request) -> web.Response:
    return web.Response(body=b"x" * (MAX_ANSWER_BYTES + 1))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    app = web.Application()
    app.router.add_route("*", "/echo", _echo)
    app.router.add_post("/redirect", _redirect)
    app.router.add_post("/hang-up", _hang_up)
    app.router.add_post("/slow", _slow)
    app.router.add_get("/endless", _endless)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    async with open_session(request_seconds=1.0) as session:
        yield World(f"http://127.0.0.1:{port}", session)
    await runner.cleanup()


async def test_an_answer_comes_back_whole_with_names_in_lower_case(world: World) -> None:
    answer = await world.platform.request(
        "POST", f"{world.base}/echo", headers={"Authorization": "Bearer t"}, json={"text": "退款"}
    )
    assert answer.status == 200
    assert answer.headers["x-trace"] == "t1"
    assert b'"token": "Bearer t"' in answer.body
    assert "application/json" in answer.body.decode()
    assert "\\u9000" in answer.body.decode()  # written by the echo: it came as UTF-8


async def test_a_form_and_a_body_go_out_as_they_are(world: World) -> None:
    form = await world.platform.request(
        "POST", f"{world.base}/echo", form={"To": "+1", "Body": "a b"}
    )
    assert b"To=%2B1&Body=a+b" in form.body
    raw = await world.platform.request(
        "PUT", f"{world.base}/echo", headers={"Content-Type": "image/png"}, body=b"PNG"
    )
    assert b'"type": "image/png"' in raw.body


async def test_a_redirect_is_an_answer_and_is_not_followed(world: World) -> None:
    answer = await world.platform.request("POST", f"{world.base}/redirect", json={})
    assert answer.status == 302


async def test_a_refused_connection_can_be_tried_again(world: World) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(TryLaterError):
        await world.platform.request("POST", f"http://127.0.0.1:{port}/", json={})


async def test_a_host_without_an_address_can_be_tried_again(world: World) -> None:
    with pytest.raises(TryLaterError):
        await world.platform.request("POST", "http://nowhere.invalid/", json={})


@pytest.mark.parametrize("path", ["hang-up", "slow"])
async def test_a_request_without_an_answer_has_an_unknown_outcome(world: World, path: str) -> None:
    with pytest.raises(UnknownOutcomeError):
        await world.platform.request("POST", f"{world.base}/{path}", json={})


async def test_an_endless_answer_is_not_read_to_its_end(world: World) -> None:
    with pytest.raises(UnknownOutcomeError, match="bytes"):
        await world.platform.request("GET", f"{world.base}/endless")


async def test_an_address_that_is_none_names_the_settings(world: World) -> None:
    with pytest.raises(ReplyRefusedError) as refused:
        await world.platform.request("GET", "not an address")
    assert refused.value.code == "bad_address"


@pytest.mark.parametrize(
    "base", ["api.example.org", "https://", "ftp://api.example.org", "http://[x"]
)
async def test_a_bad_address_is_told_without_the_token_in_it(world: World, base: str) -> None:
    with pytest.raises(ReplyRefusedError) as refused:
        await world.platform.request("POST", f"{base}/bot123:SECRET/sendMessage", json={})
    assert "SECRET" not in refused.value.reason


async def test_a_header_that_would_begin_another_is_refused_and_ends_nobody(world: World) -> None:
    with pytest.raises(ReplyRefusedError) as refused:
        await world.platform.request(
            "POST", f"{world.base}/echo", headers={"Authorization": "Bearer t\r\nX: 1"}, json={}
        )
    assert refused.value.code == "bad_header"
    assert "Bearer" not in refused.value.reason


class Desk:
    """Gives out tokens, and counts."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.given = 0

    async def fetch(self) -> AccessToken:
        self.given += 1
        number = self.given
        await asyncio.sleep(0)
        return AccessToken(f"token-{number}", self._clock.now_us() + HOUR_US)


async def test_a_token_is_fetched_once_for_all_who_wait_for_it(world: World) -> None:
    desk = Desk(world.clock)
    tokens = await asyncio.gather(*(world.platform.token("api", desk.fetch) for _ in range(5)))
    assert tokens == ["token-1"] * 5
    assert desk.given == 1


async def test_a_token_is_renewed_before_it_expires_and_when_it_is_forgotten(world: World) -> None:
    desk = Desk(world.clock)
    assert await world.platform.token("api", desk.fetch) == "token-1"
    world.clock.advance(HOUR_US - 60_000_000)
    assert await world.platform.token("api", desk.fetch) == "token-2"
    world.platform.forget_token("api")
    world.platform.forget_token("never heard of")
    assert await world.platform.token("api", desk.fetch) == "token-3"


async def test_without_a_token_nothing_was_sent(world: World) -> None:
    async def lost() -> AccessToken:
        raise UnknownOutcomeError("the connection ended")

    with pytest.raises(TryLaterError):
        await world.platform.token("api", lost)


async def test_mail_and_chat_go_their_own_ways(world: World) -> None:
    await world.platform.submit_mail("smtp://a", b"hi", "me@example.org", ["you@example.org"])
    await world.platform.show_in_chat("acme/web_chat/1", {"text": "hi"})
    assert world.mails == [("smtp://a", b"hi", "me@example.org", ["you@example.org"])]
    assert world.shown == [("acme/web_chat/1", {"text": "hi"})]


async def test_a_chat_that_cannot_be_written_to_is_tried_again(world: World) -> None:
    world.chat_is_away = True
    with pytest.raises(TryLaterError):
        await world.platform.show_in_chat("acme/web_chat/1", {"text": "hi"})
