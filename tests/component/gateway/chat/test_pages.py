"""Which pages may show the chat, and what they get of it."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import WSServerHandshakeError

from .conftest import SITE

BASE = "/v1/web-chat/acme/shop"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 50


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://shop.example.evil"])
async def test_another_site_cannot_open_a_socket(chat: Any, origin: str) -> None:
    with pytest.raises(WSServerHandshakeError) as caught:
        await chat.connect(origin=origin)
    assert caught.value.status == 403


async def test_the_gateways_own_page_can(chat: Any) -> None:
    own = f"http://{chat.http.host}:{chat.http.port}"
    visit = await chat.connect(origin=own)
    await visit.put("hello", v=1)
    await visit.get("welcome")


@pytest.mark.parametrize("account", ["closed", "nobody"])
async def test_a_chat_without_a_secret_is_not_there(chat: Any, account: str) -> None:
    with pytest.raises(WSServerHandshakeError) as caught:
        await chat.connect(account)
    assert caught.value.status == 404
    assert (await chat.http.get(f"/chat/acme/{account}")).status == 404


async def test_the_widget_is_told_how_it_looks_and_when_it_speaks_first(chat: Any) -> None:
    query = {"page": f"{SITE}/checkout/2?step=1", "language": "en-GB", "returning": "0"}
    answer = await chat.http.get(f"{BASE}/config", params=query, headers={"Origin": SITE})
    assert answer.headers["Access-Control-Allow-Origin"] == SITE
    told = await answer.json()
    assert (told["title"], told["greeting"]) == ("Lumio care", "Hello")
    assert told["invitation"] == {"name": "checkout", "text": "Need a hand?", "after_seconds": 5}
    again = {**query, "returning": "1"}
    answer = await chat.http.get(f"{BASE}/config", params=again, headers={"Origin": SITE})
    assert (await answer.json())["invitation"] is None
    evil = await chat.http.get(f"{BASE}/config", headers={"Origin": "https://evil.example"})
    assert evil.status == 403


async def upload(chat: Any, visit: Any, content: bytes, kind: str, **headers: str) -> Any:
    return await chat.http.post(
        f"{BASE}/files",
        data=content,
        headers={
            "Authorization": f"Bearer {visit.welcome['upload_token']}",
            "Content-Type": kind,
            "Origin": SITE,
            "X-File-Name": "bag%20%E5%8C%85.png",
            **headers,
        },
    )


async def test_a_file_goes_along_with_a_message_and_is_shown(chat: Any) -> None:
    visit = await chat.visit()
    answer = await upload(chat, visit, PNG, "image/png")
    assert answer.status == 201
    kept = await answer.json()
    await visit.say("", files=[{"file": kept["file"]}])
    [attachment] = chat.intake.taken[0].body.attachments
    assert (attachment.kind, attachment.name, attachment.content) == ("image", "bag 包.png", PNG)
    [file] = (await visit.get("message"))["files"]
    seen = await chat.http.get(f"{BASE}/files/{file['token']}")
    assert await seen.read() == PNG
    assert seen.headers["Content-Type"] == "image/png"
    assert "sandbox" in seen.headers["Content-Security-Policy"]
    chat.clock.advance(25 * 3600 * 1_000_000)
    assert (await chat.http.get(f"{BASE}/files/{file['token']}")).status == 404


async def test_somebody_elses_file_cannot_be_sent(chat: Any) -> None:
    visit, other = await chat.visit(), await chat.visit()
    kept = await (await upload(chat, visit, PNG, "image/png")).json()
    await other.put("message", id="message-1", files=[{"file": kept["file"]}])
    assert (await other.get("error"))["code"] == "refused"


@pytest.mark.parametrize(
    ("content", "kind", "headers", "status"),
    [
        (PNG + b"0" * 1_000, "image/png", {}, 413),
        (b"<script>alert(1)</script>", "text/html", {}, 415),
        (b"<svg onload='x'>", "image/svg+xml", {}, 415),
        (PNG, "application/pdf", {}, 415),
        (PNG, "image/png", {"Authorization": "Bearer x"}, 401),
        (PNG, "image/png", {"Origin": "https://evil.example"}, 403),
    ],
)
async def test_what_may_not_be_sent_is_refused(
    chat: Any, content: bytes, kind: str, headers: dict[str, str], status: int
) -> None:
    visit = await chat.visit()
    answer = await upload(chat, visit, content, kind, **headers)
    assert answer.status == status
    assert chat.blobs.kept == {}


async def test_the_demo_page_and_the_widget_are_served(chat: Any) -> None:
    page = await chat.http.get("/chat/acme/shop")
    assert 'data-account="shop"' in await page.text()
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    script = await chat.http.get("/chat/static/widget.js")
    assert script.headers["Content-Type"].startswith("text/javascript")
    for name in ("page.html", "../routes.py", "nothing.js"):
        assert (await chat.http.get(f"/chat/static/{name}")).status == 404


async def test_a_gateway_that_stops_sends_its_visitors_elsewhere(chat: Any) -> None:
    visit = await chat.visit()
    await chat.http.server.close()
    assert await visit.closed() == 1001
