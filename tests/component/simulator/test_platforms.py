"""The imitated platforms: one server, a path for each, one book of what they took."""

from __future__ import annotations

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from services.simulator.platforms.platform import Book, Sandbox, build_app
from services.simulator.platforms.registry import SANDBOXES


class Post(Sandbox):
    def __init__(self, kind: str) -> None:
        self._kind = kind

    @property
    def kind(self) -> str:
        return self._kind

    def routes(self, book: Book) -> list[web.RouteDef]:
        async def send(request: web.Request) -> web.Response:
            said = await request.json()
            key = request.headers.get("key", "")
            return web.json_response({"id": book.keep(said["to"], said["text"], said, key=key)})

        return [web.post("/send", send)]


async def test_each_platform_has_its_path_and_all_write_one_book() -> None:
    book = Book()
    app = build_app([Post("one"), Post("two")], book)
    async with TestClient(TestServer(app)) as client:
        for kind in ("one", "two"):
            answer = await client.post(f"/{kind}/send", json={"to": "t", "text": f"by {kind}"})
            assert answer.status == 200
        told = await (await client.get("/book", params={"kind": "two"})).json()
    assert [message["text"] for message in told] == ["by two"]
    assert book.texts("t") == ["by one", "by two"]
    assert [message.message_id for message in book.messages] == ["1", "2"]


async def test_what_comes_again_with_its_key_is_not_taken_again() -> None:
    book = Book()
    app = build_app([Post("one"), Post("two")], book)
    async with TestClient(TestServer(app)) as client:
        ids = []
        for path in ("/one/send", "/one/send", "/two/send"):
            answer = await client.post(path, json={"to": "t", "text": "hi"}, headers={"key": "k"})
            ids.append((await answer.json())["id"])
    assert ids == ["1", "1", "2"]


def test_every_imitation_stands_once_and_its_routes_can_be_served_together() -> None:
    kinds = [sandbox.kind for sandbox in SANDBOXES]
    assert len(set(kinds)) == len(kinds)
    build_app(SANDBOXES, Book())
