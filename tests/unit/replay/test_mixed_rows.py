from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.gateway.replay.mapping import load_mapping
from services.gateway.replay.plan import ReplayPlan, plan_replay
from services.gateway.replay.records import ReplayMessage, ReplayStatus

ANN = {"from": "customer", "author": "shop-1", "name": "Ann", "email": "ann@example.com"}
BEN = {"from": "agent", "author": "agent-1", "name": "Ben"}


def row(second: int, identifier: str, **cells: str) -> dict[str, str]:
    return {
        "id": identifier,
        "at": f"2024-03-01T12:00:{second:02d}Z",
        "channel": "web_chat",
        "brand": "lumio",
        "thread": "t1",
        **cells,
    }


def plan(folder: Path, *rows: dict[str, str]) -> ReplayPlan:
    path = folder / "day.ndjson"
    path.write_text("".join(f"{json.dumps(one)}\n" for one in rows), encoding="utf-8")
    return plan_replay(path, load_mapping("simulated"))


def test_a_row_with_a_status_is_a_status_change_and_any_other_a_message(tmp_path: Path) -> None:
    rows = (
        row(0, "a", text="hello", **ANN),
        row(5, "b", status="open", assignee="agent-1", priority="high"),
        row(9, "c", text="hi Ann", reply_to="a", **BEN),
    )
    with plan(tmp_path, *rows) as planned:
        first, second, third = planned.records()

    assert isinstance(first, ReplayMessage)
    assert (first.author_id, first.author_kind, first.text) == ("shop-1", "customer", "hello")
    assert isinstance(second, ReplayStatus)
    assert (second.status, second.assignee, second.priority) == ("open", "agent-1", "high")
    assert isinstance(third, ReplayMessage)
    assert (third.author_kind, third.reply_to_message_id) == ("agent", "a")
    # The channel's own: what comes live later goes on in the same thread.
    assert {one.thread_key for one in (first, second, third)} == {"t1"}
    assert {one.brand_id for one in (first, second, third)} == {"lumio"}


def test_a_file_may_tell_who_the_author_is(tmp_path: Path) -> None:
    with plan(tmp_path, row(0, "a", text="hello", phone="+12025550143", **ANN)) as planned:
        (message,) = planned.records()

    assert isinstance(message, ReplayMessage)
    assert (message.author_name, message.phone, message.email) == (
        "Ann",
        "+12025550143",
        "ann@example.com",
    )


@pytest.mark.parametrize(("cell", "channel"), [("weibo", "weibo"), ("", "webhook")])
def test_a_row_names_its_channel_or_has_the_mappings(
    tmp_path: Path, cell: str, channel: str
) -> None:
    with plan(tmp_path, row(0, "a", text="hello", **ANN) | {"channel": cell}) as planned:
        assert [record.channel for record in planned.records()] == [channel]


def test_what_is_no_channel_is_rejected_by_name(tmp_path: Path) -> None:
    with plan(tmp_path, row(0, "a", text="hello", **ANN) | {"channel": "Web Chat"}) as planned:
        (reject,) = planned.rejects()

    assert reject.reason.startswith("channel: 'Web Chat' is not the name of a channel")
