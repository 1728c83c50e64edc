"""What messages point to is fetched after they are durable, and told by an event of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from prometheus_client import REGISTRY

from services.gateway import media_keeping
from services.gateway.channels.base import SecretSettings
from services.gateway.domain.account import Account
from services.gateway.domain.incoming import (
    Attachment,
    IncomingEvent,
    KeptAttachment,
    WrittenMessage,
)
from services.gateway.domain.media_hosts import PLATFORM_HOSTS, hosts_of
from services.gateway.media_keeping import MediaKeeper
from services.gateway.ports import UnavailableError
from services.gateway.ports_media import Media, MediaRefusedError

ACCOUNT = Account("acme", "page", "messenger", SecretSettings(("s",)))


def written(*attachments: Attachment) -> IncomingEvent:
    body = WrittenMessage("m-1", "customer", "Ana", "look", attachments=attachments)
    return IncomingEvent("e-1", "messenger", "t-1", body, 5, author_id="c-1")


@dataclass
class Web:
    """Answers by address; a list is answered from its front."""

    answers: dict[str, list[Media | Exception]]
    asked: list[str] = field(default_factory=list)

    async def fetch(self, url: str, *, headers: Mapping[str, str] | None = None) -> Media:
        self.asked.append(url)
        answer = self.answers[url].pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Taker:
    away: int = 0
    taken: list[IncomingEvent] = field(default_factory=list)

    async def take(self, account: Account, events: list[IncomingEvent]) -> None:
        assert account == ACCOUNT
        if self.away:
            self.away -= 1
            raise UnavailableError("the log is away")
        self.taken += events


@dataclass
class Blobs:
    kept: list[bytes] = field(default_factory=list)

    async def put(self, content: bytes) -> str:
        self.kept.append(content)
        return f"blob:{len(self.kept)}"

    async def get(self, reference: str) -> bytes:
        raise NotImplementedError

    async def erase(self, reference: str) -> None:
        raise NotImplementedError


def counted(outcome: str) -> float:
    labels = {"channel": "messenger", "outcome": outcome}
    return REGISTRY.get_sample_value("careline_gateway_media_total", labels) or 0.0


@pytest.fixture
def web() -> Web:
    return Web({})


@pytest.fixture
def taker() -> Taker:
    return Taker()


@pytest.fixture
async def keeper(
    web: Web, taker: Taker, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[MediaKeeper]:
    monkeypatch.setattr(media_keeping, "_FIRST_PAUSE_SECONDS", 0.001)
    keeper = MediaKeeper(web, Blobs(), taker)
    running = asyncio.create_task(keeper.run())
    yield keeper
    running.cancel()
    await asyncio.wait({running})


Eventually = Callable[[Callable[[], bool]], Any]
PICTURE = Media(b"\x89PNG", "image/png")


async def test_what_was_fetched_is_told_of_its_message(
    keeper: MediaKeeper, web: Web, taker: Taker, eventually: Eventually
) -> None:
    web.answers["https://cdn/1"] = [PICTURE]
    keeper.notice(ACCOUNT, [written(Attachment("file"), Attachment("image", url="https://cdn/1"))])
    await eventually(lambda: bool(taker.taken))
    [event] = taker.taken
    assert event.event_id == "e-1:media:1"
    assert (event.channel, event.thread_id, event.author_id) == ("messenger", "t-1", "")
    assert event.body == KeptAttachment("m-1", 1, "blob:1", "image/png", 4)


async def test_no_answer_is_tried_again_and_so_is_a_log_that_is_away(
    keeper: MediaKeeper, web: Web, taker: Taker, eventually: Eventually
) -> None:
    taker.away = 2
    web.answers["https://cdn/1"] = [ConnectionError("503"), PICTURE]
    keeper.notice(ACCOUNT, [written(Attachment("image", url="https://cdn/1"))])
    await eventually(lambda: bool(taker.taken))
    assert web.asked == ["https://cdn/1"] * 2


@pytest.mark.parametrize(
    "case",
    [
        ([MediaRefusedError("the host is not allowed")], "refused"),
        ([ConnectionError("no answer")] * 4, "unreachable"),
    ],
)
async def test_what_cannot_be_fetched_is_counted_and_holds_up_nobody(
    keeper: MediaKeeper,
    web: Web,
    taker: Taker,
    eventually: Eventually,
    case: tuple[list[Media | Exception], str],
) -> None:
    answers, outcome = case
    before = counted(outcome)
    web.answers = {"https://a/1": answers, "https://b/1": [PICTURE]}
    keeper.notice(ACCOUNT, [written(Attachment("image", url="https://a/1"))])
    await eventually(lambda: counted(outcome) == before + 1)
    keeper.notice(ACCOUNT, [written(Attachment("image", url="https://b/1"))])
    await eventually(lambda: bool(taker.taken))


async def test_links_and_what_came_along_are_not_fetched(keeper: MediaKeeper, web: Web) -> None:
    keeper.notice(
        ACCOUNT,
        [written(Attachment("link", url="https://shop"), Attachment("image", content=b"x"))],
    )
    await asyncio.sleep(0)
    assert web.asked == []


def test_an_organisation_adds_hosts_to_those_of_the_platforms() -> None:
    assert hosts_of("") == PLATFORM_HOSTS
    assert hosts_of(" cdn.acme.example, *.acme.example,") == (
        *PLATFORM_HOSTS,
        "*.acme.example",
        "cdn.acme.example",
    )
