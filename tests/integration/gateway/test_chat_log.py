"""The chat's screen on a real broker: what one gateway shows, every gateway tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from deploy.local.stack import LocalStack
from services.gateway.adapters.kafka_chat import ChatTail, KafkaArchive, KafkaScreen
from services.gateway.adapters.kafka_log import KafkaLog
from services.gateway.chat.rooms import ChatRooms
from services.gateway.domain.chat_history import ChatHistories
from services.gateway.domain.incoming import AuthorKind
from services.kernel.clock import SystemClock


class Desk:
    def __init__(self) -> None:
        self.signs: list[tuple[str, str, bool]] = []

    def noticed(
        self, thread_key: str, author_kind: AuthorKind, author_name: str, *, typing: bool
    ) -> None:
        self.signs.append((thread_key, author_kind, typing))


@asynccontextmanager
async def replica(kafka: str, recent: int = 30) -> AsyncIterator[ChatRooms]:
    rooms = ChatRooms(KafkaArchive(kafka), ChatHistories(recent=recent))
    tail = asyncio.create_task(ChatTail(kafka, rooms).run())
    try:
        async with asyncio.timeout(60):
            await rooms.caught_up.wait()
        yield rooms
    finally:
        tail.cancel()
        await asyncio.wait({tail})


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110  # what is waited for tells nobody
            await asyncio.sleep(0.02)


@pytest.fixture
async def screen(infrastructure: LocalStack) -> AsyncIterator[KafkaScreen]:
    record_log = KafkaLog(infrastructure.env["CARELINE_KAFKA"])
    await record_log.connect()
    yield KafkaScreen(record_log, SystemClock())
    await record_log.stop()


async def show(screen: KafkaScreen, key: str, number: int) -> None:
    file = {"kind": "image", "name": "bag.png", "blob_ref": "blob:1", "media_type": "image/png"}
    replies = [{"title": "Yes", "payload": "y"}]
    more = {"files": [file], "quick_replies": replies, "author_name": "Anna"}
    await screen.show(key, {"message_id": f"m-{number}", "text": f"text {number}", **more})


async def test_every_gateway_shows_what_one_was_told(
    infrastructure: LocalStack, screen: KafkaScreen
) -> None:
    kafka, key = infrastructure.env["CARELINE_KAFKA"], f"acme/web_chat/shop:{uuid4().hex}"
    async with replica(kafka) as first, replica(kafka) as second:
        for number in (0, 1, 1, 2):
            await show(screen, key, number)
        await until(lambda: second.histories.seq_of(key, "m-2") is not None)
        await until(lambda: first.histories.seq_of(key, "m-2") is not None)
        found, more = await first.after(key, -1, 10)
        assert (await second.after(key, -1, 10)) == (found, more)
    assert [one.text for one in found] == ["text 0", "text 1", "text 2"]
    assert found[0].files[0].blob_ref == "blob:1"
    assert (found[0].quick_replies, found[0].author_kind) == ((("Yes", "y"),), "agent")
    assert not more


async def test_a_gateway_that_starts_later_knows_what_was_shown_and_fetches_what_it_forgot(
    infrastructure: LocalStack, screen: KafkaScreen
) -> None:
    kafka, key = infrastructure.env["CARELINE_KAFKA"], f"acme/web_chat/shop:{uuid4().hex}"
    for number in range(12):
        await show(screen, key, number)
        await show(screen, f"{key}-other", number)
    async with replica(kafka, recent=3) as rooms:
        found, more = await rooms.after(key, -1, 10)
        assert [one.text for one in found] == [f"text {number}" for number in range(2, 12)]
        assert more
        older, more = await rooms.before(key, found[0].seq, 10)
        assert ([one.text for one in older], more) == (["text 0", "text 1"], False)


async def test_typing_is_noticed_by_every_gateway(
    infrastructure: LocalStack, screen: KafkaScreen
) -> None:
    kafka, key = infrastructure.env["CARELINE_KAFKA"], f"acme/web_chat/shop:{uuid4().hex}"
    async with replica(kafka) as rooms:
        desk = Desk()
        rooms.watch(desk)
        await screen.notice(key, "customer", "", typing=True)
        await until(lambda: (key, "customer", True) in desk.signs)
