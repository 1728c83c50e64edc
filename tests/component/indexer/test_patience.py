from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import elasticsearch
import pytest
from aiohttp import web

from services.indexer.adapters.elasticsearch_store import ElasticsearchStore
from services.indexer.domain.documents import Collection, Document, Position, make_document
from services.indexer.ports import DocumentRefusedError
from services.kernel.elastic.connection import ElasticsearchAccess, connect, next_delay, retried

TARGETS: dict[Collection, str] = {"events": "careline-events"}


def document(number: int) -> Document:
    return make_document("events", f"d{number}", {"number": number}, Position(0, number, 0))


Answer = Callable[[list[str]], web.Response]


@dataclass
class Node:
    """Answers bulk requests by a script, then takes everything."""

    script: list[Answer] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)
    url: str = ""

    async def bulk(self, request: web.Request) -> web.Response:
        lines = (await request.text()).splitlines()
        ids = [json.loads(line)["create"]["_id"] for line in lines[::2]]
        self.asked.append(ids)
        assert request.query["require_alias"] == "true"
        return (self.script.pop(0) if self.script else taken)(ids)


def respond(body: dict[str, Any], status: int = 200) -> web.Response:
    return web.json_response(body, status=status, headers={"X-Elastic-Product": "Elasticsearch"})


def taken(ids: list[str]) -> web.Response:
    return respond({"errors": False, "items": [{"create": {"status": 201}} for _ in ids]})


def overloaded(_: list[str]) -> web.Response:
    return respond({"error": {"type": "circuit_breaking_exception"}, "status": 429}, 429)


def unavailable(_: list[str]) -> web.Response:
    return web.Response(text="<html>no backend</html>", status=503, content_type="text/html")


def unauthorised(_: list[str]) -> web.Response:
    return respond({"error": {"type": "security_exception"}, "status": 401}, 401)


def every_other_rejected(ids: list[str]) -> web.Response:
    rejected = {"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": ""}}
    items = [{"create": rejected if at % 2 else {"status": 201}} for at, _ in enumerate(ids)]
    return respond({"errors": True, "items": items})


def refused(ids: list[str]) -> web.Response:
    error = {"status": 400, "error": {"type": "document_parsing_exception", "reason": "no"}}
    return respond({"errors": True, "items": [{"create": error} for _ in ids]})


def dropped(_: list[str]) -> web.Response:
    raise ConnectionResetError


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    node = Node()
    app = web.Application()
    app.router.add_put("/_bulk", node.bulk)
    app.router.add_post("/_bulk", node.bulk)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    node.url = f"http://{host}:{port}"
    yield node
    await runner.cleanup()


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
async def store(node: Node, waits: list[float]) -> AsyncIterator[ElasticsearchStore]:
    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    client = connect(ElasticsearchAccess(node.url))
    yield ElasticsearchStore(client, TARGETS, through_aliases=True, sleep=sleep)
    await client.close()


async def test_trouble_that_may_pass_is_waited_for(
    node: Node, store: ElasticsearchStore, waits: list[float]
) -> None:
    node.script = [overloaded, unavailable, overloaded]
    assert await store.write([document(1), document(2)]) == (2, 0)
    assert node.asked == [["d1", "d2"]] * 4
    assert waits == [0.1, 0.2, 0.4]


async def test_only_what_was_not_taken_is_sent_again(node: Node, store: ElasticsearchStore) -> None:
    node.script = [every_other_rejected, every_other_rejected]
    assert await store.write([document(number) for number in range(5)]) == (5, 0)
    assert node.asked == [["d0", "d1", "d2", "d3", "d4"], ["d1", "d3"], ["d3"]]


async def test_a_connection_that_breaks_is_tried_again(
    node: Node, store: ElasticsearchStore
) -> None:
    node.script = [dropped]
    assert await store.write([document(1)]) == (1, 0)
    assert len(node.asked) == 2


async def test_a_refused_document_stops_the_lane(node: Node, store: ElasticsearchStore) -> None:
    node.script = [refused]
    with pytest.raises(DocumentRefusedError):
        await store.write([document(1)])


async def test_a_wrong_key_stops_the_lane(node: Node, store: ElasticsearchStore) -> None:
    node.script = [unauthorised]
    with pytest.raises(elasticsearch.AuthenticationException):
        await store.write([document(1)])


async def test_the_wait_grows_to_a_limit_and_never_ends_by_itself() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def call() -> str:
        if len(waits) < 20:
            raise elasticsearch.ConnectionError("refused")
        return "there"

    assert await retried(call, "trying", sleep=sleep) == "there"
    assert waits[:3] == [0.1, 0.2, 0.4]
    assert waits[-1] == next_delay(waits[-1]) == 10.0
