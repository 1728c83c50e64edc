from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from services.gateway.channels.feed import FeedSettings
from services.gateway.channels.syndication import SyndicationSettings
from services.gateway.domain.incoming import Engagement, WrittenMessage
from services.gateway.sources.feed import FeedSource
from services.gateway.sources.syndication import SyndicationSource

URL = "https://posts.example.com/all?lang=en"
SETTINGS = FeedSettings(url=URL, token="t", cursor_parameter="since_id")


def line(number: int, **fields: Any) -> bytes:
    return json.dumps({"id": f"p{number}", "text": "words", **fields}).encode()


async def test_a_feed_is_asked_for_what_came_since(world: Callable[..., Any]) -> None:
    answers = [
        (200, {"etag": '"v1"'}, line(1) + b"\n" + line(2)),
        (304, {}, b""),
    ]
    here = world(lambda _: answers.pop(0))
    await here.run(FeedSource(), SETTINGS, rounds=2)
    assert [event.thread_id for event in here.taken] == ["p1", "p2"]
    first, second = here.asked
    assert first.url == URL
    assert first.headers["Authorization"] == "Bearer t"
    assert second.url == f"{URL}&since_id=p2"
    assert second.headers["If-None-Match"] == '"v1"'
    assert here.troubles == ["", ""]


async def test_counts_come_again_only_when_they_changed(world: Callable[..., Any]) -> None:
    bodies = [line(1, likes=1), line(1, likes=1), line(1, likes=2), line(1, likes=2, text="other")]
    here = world(lambda _: (200, {}, bodies.pop(0)))
    await here.run(FeedSource(), SETTINGS, rounds=4)
    told = [event.body for event in here.taken]
    assert [type(body) for body in told] == [
        WrittenMessage,
        Engagement,
        Engagement,
        WrittenMessage,
    ]
    assert isinstance(told[3], WrittenMessage)
    assert told[3].edited


async def test_a_stream_is_followed_and_taken_up_where_it_broke(
    world: Callable[..., Any],
) -> None:
    here = world(lambda _: (200, {}, b""))
    here.streams = [[line(1), b"", b"no json", line(2)], [line(3)]]
    settings = FeedSettings(url=URL, mode="stream", cursor_parameter="since_id")
    await here.run(FeedSource(), settings, rounds=3)
    assert [event.thread_id for event in here.taken if event.thread_id] == ["p1", "p2", "p3"]
    assert [asked.url for asked in here.asked] == [
        URL,
        f"{URL}&since_id=p2",
        f"{URL}&since_id=p3",
    ]
    assert here.troubles[-1] == "no stream is left"
    assert here.raw[0] == b"\n".join([line(1), b"no json", line(2)])


RSS = (
    b'<rss version="2.0"><channel><title>b</title><item><guid>g%d</guid><title>t</title>'
    b"<description>words</description></item></channel></rss>"
)


async def test_a_feed_is_asked_whether_it_changed(world: Callable[..., Any]) -> None:
    answers = [
        (200, {"etag": '"1"', "last-modified": "Mon, 02 Mar 2026 08:00:00 GMT"}, RSS % 1),
        (304, {}, b""),
    ]
    here = world(lambda _: answers.pop(0))
    await here.run(SyndicationSource(), SyndicationSettings(urls=("https://b.example",)), rounds=2)
    assert [event.thread_id for event in here.taken] == ["g1"]
    assert here.asked[1].headers["If-None-Match"] == '"1"'
    assert here.asked[1].headers["If-Modified-Since"] == "Mon, 02 Mar 2026 08:00:00 GMT"


async def test_one_feed_that_is_away_does_not_hold_up_the_others(
    world: Callable[..., Any],
) -> None:
    def answer(asked: Any) -> Any:
        if "away" in asked.url:
            raise ConnectionError("no answer")
        if "page" in asked.url:
            return 200, {}, b"<html>moved</html>"
        return 200, {}, RSS % 2

    here = world(answer)
    urls = ("https://away.example", "https://page.example", "https://b.example")
    await here.run(SyndicationSource(), SyndicationSettings(urls=urls))
    assert [event.thread_id for event in here.taken] == ["g2"]
    assert here.troubles == [
        "https://away.example: no answer; https://page.example: body is no RSS or Atom feed"
    ]
