from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from services.gateway.adapters.media_fetcher import HttpMediaFetcher, MediaRules, is_listed
from services.gateway.ports_media import Media, MediaRefusedError

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 100
RULES = MediaRules(hosts=("127.0.0.1",), allow_http=True, allow_private=True, max_bytes=1000)


async def _png(_: web.Request) -> web.Response:
    return web.Response(body=PNG, content_type="image/png")


async def _large(_: web.Request) -> web.Response:
    return web.Response(body=PNG + b"\x00" * 1000, content_type="image/png")


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "image/png"})
    await response.prepare(request)
    for _ in range(50):
        await response.write(PNG)
    return response


async def _script(_: web.Request) -> web.Response:
    return web.Response(body=b"<html><script>x()</script>", content_type="image/png")


async def _away(request: web.Request) -> web.Response:
    raise web.HTTPFound(request.query["to"])


async def _round(_: web.Request) -> web.Response:
    raise web.HTTPFound("/round")


async def _busy(_: web.Request) -> web.Response:
    return web.Response(status=503)


async def _gone(_: web.Request) -> web.Response:
    return web.Response(status=404)


async def _keyed(request: web.Request) -> web.Response:
    known = request.headers.get("Authorization") == "Bearer k"
    return web.Response(body=PNG if known else b"", content_type="image/png")


async def _packed(_: web.Request) -> web.Response:
    return web.Response(
        body=b"x", headers={"Content-Encoding": "gzip", "Content-Type": "image/png"}
    )


@pytest.fixture
async def host() -> AsyncIterator[str]:
    app = web.Application()
    for name, handler in {
        "png": _png,
        "large": _large,
        "endless": _endless,
        "script": _script,
        "away": _away,
        "round": _round,
        "busy": _busy,
        "gone": _gone,
        "keyed": _keyed,
        "packed": _packed,
    }.items():
        app.router.add_get(f"/{name}", handler)
    async with TestServer(app, host="127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.port}"


async def fetch(url: str, rules: MediaRules = RULES) -> Media:
    async with HttpMediaFetcher(rules) as fetcher:
        return await fetcher.fetch(url)


async def test_a_picture_is_fetched(host: str) -> None:
    assert await fetch(f"{host}/png") == Media(PNG, "image/png")


async def test_a_redirect_within_the_list_is_followed(host: str) -> None:
    assert (await fetch(f"{host}/away?to=/png")).content == PNG


async def test_the_accounts_key_goes_along(host: str) -> None:
    async with HttpMediaFetcher(RULES) as fetcher:
        found = await fetcher.fetch(f"{host}/keyed", headers={"Authorization": "Bearer k"})
    assert found.content == PNG


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("large", "more than 1000 bytes"),
        ("endless", "more than 1000 bytes"),
        ("script", "not what it says"),
        ("packed", "packed"),
        ("gone", "404"),
        ("away?to=http://evil.example/png", "not allowed"),
        ("away?to=file:///etc/passwd", "only https"),
        ("round", "redirected more than"),
    ],
)
async def test_what_breaks_a_rule_is_refused(host: str, path: str, reason: str) -> None:
    with pytest.raises(MediaRefusedError, match=reason):
        await fetch(f"{host}/{path}")


async def test_a_busy_host_is_asked_again_later(host: str) -> None:
    with pytest.raises(ConnectionError, match="503"):
        await fetch(f"{host}/busy")


async def test_another_kind_than_allowed_is_refused(host: str) -> None:
    with pytest.raises(MediaRefusedError, match="'image/png' is not allowed"):
        await fetch(f"{host}/png", replace(RULES, types=("application/pdf",)))


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example.com/a.png",
        "https://evil.example/a.png",
        "https://cdn.example.com@evil.example/a.png",
        "https://user:pw@cdn.example.com/a.png",
        "https://cdn.example.com.evil.example/a.png",
        "https://cdn.example.com:8443/a.png",
        "https://127.0.0.1/a.png",
        "https://[::1]/a.png",
        "https://[::ffff:10.0.0.1]/a.png",
        "https://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "ftp://cdn.example.com/x",
        "https://",
        "",
        "https://[",
    ],
)
async def test_what_must_not_be_fetched_is_not_asked_for(url: str) -> None:
    hosts = ("cdn.example.com", "127.0.0.1", "::1", "::ffff:10.0.0.1", "169.254.169.254")
    with pytest.raises(MediaRefusedError):
        await fetch(url, MediaRules(hosts=hosts))


class _Names(AbstractResolver):
    """Leads every name to one address."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host=self._address, port=port, family=family, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        return None


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.0.1", "::1", "fd00::1"]
)
async def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    rules = MediaRules(hosts=("cdn.example.com",))
    async with HttpMediaFetcher(rules, _Names(address)) as fetcher:
        with pytest.raises(MediaRefusedError, match="inside the organisation's network"):
            await fetcher.fetch("https://cdn.example.com/a.png")


def test_a_star_stands_for_the_hosts_below() -> None:
    assert is_listed("a.b.example.com", ("*.example.com",))
    assert not is_listed("example.com", ("*.example.com",))
    assert not is_listed("badexample.com", ("*.example.com", "example.com"))
    assert is_listed("example.com", ("EXAMPLE.com.",))
