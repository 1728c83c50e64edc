from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from services.gateway.channels.mastodon import MastodonSettings
from services.gateway.domain.incoming import WrittenMessage
from services.gateway.sources.mastodon import MastodonSource

BASE = "https://example.social"


def settings(*streams: str) -> MastodonSettings:
    return MastodonSettings(
        base_url=BASE, access_token="t", streams=streams, own_accounts=("care",)
    )


def status(number: int, parent: int | None = None, acct: str = "ana") -> dict[str, Any]:
    return {
        "id": str(number),
        "created_at": "2026-03-02T08:00:00Z",
        "in_reply_to_id": None if parent is None else str(parent),
        "visibility": "public",
        "content": "<p>words</p>",
        "account": {"id": acct, "username": acct, "acct": acct},
    }


def lines(*numbers: int, parent: int | None = None) -> list[bytes]:
    told = [b":)"]
    for number in numbers:
        told += [b"event: update", b"data: " + json.dumps(status(number, parent)).encode(), b""]
    return told


class Server:
    """``timeline`` holds statuses; ``ancestors`` by status."""

    def __init__(self) -> None:
        self.timeline: list[dict[str, Any]] = []
        self.ancestors: dict[str, list[dict[str, Any]]] = {}

    def __call__(self, asked: Any) -> Any:
        if asked.url.endswith("/context"):
            status_id = asked.url.split("/")[-2]
            if status_id not in self.ancestors:
                return 404, {}, b"{}"
            return 200, {}, json.dumps({"ancestors": self.ancestors[status_id]}).encode()
        query = dict(pair.split("=") for pair in asked.url.partition("?")[2].split("&"))
        last = int(query.get("min_id", 0))
        newer = [one for one in self.timeline if int(one["id"]) > last][: int(query["limit"])]
        return 200, {}, json.dumps(newer[::-1]).encode()


async def test_what_was_missed_is_fetched_before_the_stream_goes_on(
    world: Callable[..., Any],
) -> None:
    server = Server()
    here = world(server)
    here.streams = [lines(5)]
    server.timeline = [status(number) for number in range(1, 4)]
    await here.run(MastodonSource(), settings("hashtag:kestrel"))
    assert here.told == ["status:1", "status:2", "status:3", "status:5"]
    assert here.troubles[-1] == "hashtag:kestrel: the stream 'hashtag:kestrel' ended"
    urls = [asked.url for asked in here.asked]
    assert f"{BASE}/api/v1/streaming/hashtag?tag=kestrel" in urls
    assert all(asked.headers == {"Authorization": "Bearer t"} for asked in here.asked)


async def test_many_missed_pages_are_fetched_upwards(world: Callable[..., Any]) -> None:
    server = Server()
    server.timeline = [status(number) for number in range(1, 101)]
    here = world(server)
    here.cursors["last:timelines/public?"] = "5"
    await here.run(MastodonSource(), settings("public"))
    assert here.told == [f"status:{number}" for number in range(6, 101)]
    assert here.cursors["last:timelines/public?"] == "100"


async def test_an_answer_is_put_into_the_thread_of_the_first_post(
    world: Callable[..., Any],
) -> None:
    server = Server()
    server.ancestors = {"9": [status(1), status(4)]}
    here = world(server)
    here.streams = [[*lines(9, parent=4), *lines(10, parent=9)]]
    await here.run(MastodonSource(), settings("public:local"))
    assert [event.thread_id for event in here.taken] == ["1", "1"]
    assert sum(asked.url.endswith("/context") for asked in here.asked) == 1


async def test_an_answer_to_what_nobody_may_see_stays_with_its_parent(
    world: Callable[..., Any],
) -> None:
    here = world(Server())
    here.streams = [lines(9, parent=4)]
    await here.run(MastodonSource(), settings("public"))
    assert [event.thread_id for event in here.taken] == ["4"]


async def test_an_own_post_is_an_agents(world: Callable[..., Any]) -> None:
    server = Server()
    server.timeline = [status(1, acct="care")]
    here = world(server)
    await here.run(MastodonSource(), settings("public"))
    assert isinstance(here.taken[0].body, WrittenMessage)
    assert here.taken[0].body.author_kind == "agent"


async def test_a_server_that_is_away_is_asked_again_with_growing_pauses(
    world: Callable[..., Any],
) -> None:
    here = world(lambda _: (503, {}, b""))
    await here.run(MastodonSource(), settings("public"), rounds=4)
    assert here.pauses == [1.0, 2.0, 4.0, 8.0]
    assert here.troubles[0] == f"public: timelines/public of {BASE}: answered 503"
