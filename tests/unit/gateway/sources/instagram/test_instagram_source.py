from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import unquote

import pytest

from services.gateway.channels.instagram import InstagramSettings
from services.gateway.domain.incoming import IncomingEvent, PullDue, WrittenMessage
from services.gateway.sources.instagram import InstagramSource
from services.gateway.sources.source import Surroundings

SOURCE = InstagramSource()
SETTINGS = InstagramSettings(("5ecret",), access_token="EAAtoken", account_id="178")
COMMENT = {
    "mentioned_comment": {
        "id": "1703",
        "text": "@kettle.co is this yours?",
        "timestamp": "2025-12-31T08:00:00+0000",
        "username": "kitchen.club",
    },
    "id": "178",
}


@dataclass
class World:
    """Rings once for every mention, answers in turn, and ends when all is said."""

    due: list[str]
    answers: list[tuple[int, object]]
    urls: list[str] = field(default_factory=list)
    taken: list[IncomingEvent] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    async def next_due(self, seconds: float) -> PullDue | None:
        if not self.due:
            raise asyncio.CancelledError
        scope = self.due.pop(0)
        return PullDue(scope) if scope else None

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        assert (method, headers) == ("GET", {"authorization": "Bearer EAAtoken"})
        self.urls.append(url)
        status, body = self.answers.pop(0)
        if not status:
            raise ConnectionError("refused")
        return status, {}, json.dumps(body).encode()

    async def take(self, events: Sequence[IncomingEvent], raw: bytes) -> None:
        assert raw
        self.taken.extend(events)

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def report(self, trouble: str = "") -> None:
        self.troubles.append(trouble)


async def run(world: World) -> None:
    with pytest.raises(asyncio.CancelledError):
        await SOURCE.run(cast("Surroundings", world), SETTINGS)


async def test_a_mention_in_a_comment_is_asked_for() -> None:
    world = World(["", "1802:1703"], [(200, COMMENT)])
    await run(world)
    [url] = world.urls
    assert url.startswith("https://graph.facebook.com/v24.0/178?fields=mentioned_comment.")
    assert unquote(url).endswith("comment_id(1703){id,text,timestamp,username}")
    assert world.taken == [
        IncomingEvent(
            "1703",
            "instagram",
            "1802",
            WrittenMessage(
                message_id="1703",
                author_kind="customer",
                author_name="kitchen.club",
                text="@kettle.co is this yours?",
                reply_to_message_id="1802",
                is_public=True,
                reply_address="mention:1802:1703",
            ),
            1_767_168_000_000_000,
            "kitchen.club",
        )
    ]


async def test_a_mention_below_a_picture_is_asked_for() -> None:
    told = {"mentioned_media": {"id": "1802", "caption": "with @kettle.co", "username": "k"}}
    world = World(["1802"], [(200, told)])
    await run(world)
    [event] = world.taken
    assert isinstance(event.body, WrittenMessage)
    assert (event.body.text, event.body.reply_address) == ("with @kettle.co", "mention:1802")


async def test_trouble_is_reported_and_tried_again_with_growing_pauses() -> None:
    world = World(["1802:1703"], [(0, None), (503, None), (429, None), (200, COMMENT)])
    await run(world)
    assert len(world.taken) == 1
    assert world.pauses == [1.0, 2.0, 4.0]
    assert world.troubles == [
        "Instagram cannot be asked: refused",
        "Instagram answered 503",
        "Instagram answered 429",
        "",
    ]


@pytest.mark.parametrize("answer", [(400, {"error": {"code": 100}}), (200, {"id": "178"})])
async def test_a_mention_that_is_gone_holds_up_no_other(answer: tuple[int, Any]) -> None:
    world = World(["1802:1704", "1802:1703"], [answer, (200, COMMENT)])
    await run(world)
    assert [event.event_id for event in world.taken] == ["1703"]
    assert world.troubles[0]


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        (SETTINGS, True),
        (InstagramSettings(access_token="t"), False),
        (InstagramSettings(account_id="178"), False),
    ],
)
def test_mentions_are_asked_for_with_a_token_and_a_number(
    settings: InstagramSettings, wanted: bool
) -> None:
    assert SOURCE.wanted(settings) is wanted
