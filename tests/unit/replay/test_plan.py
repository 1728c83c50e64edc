from __future__ import annotations

import csv
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from services.gateway.replay.mapping import ReplayMapping
from services.gateway.replay.plan import ReplayCounts, ReplayPlan, plan_replay
from services.gateway.replay.records import ReplayFileError, ReplayMessage, ReplayStatus
from services.gateway.replay.sorting import ReplaySorter

NOON = 1_709_294_400_000_000
SECOND = 1_000_000

STEPS_HEADER = "Case ID,Activity,Resource,Complete Timestamp,seriousness_2"


def messages(plan: ReplayPlan) -> list[ReplayMessage]:
    return [record for record in plan.records() if isinstance(record, ReplayMessage)]


@pytest.fixture
def conversation(write_tweets: Callable[..., Path], tweet: Callable[..., str]) -> Path:
    return write_tweets(
        tweet(4, "AcmeHelp", "@ann Sorry!", 30, parent="2.0", agent=True),
        tweet(3, "bob", "@ACMEhelp hello?", 20),
        tweet(2, "ann", "it broke", 10, parent="1"),
        tweet(10, "ann", "also this", 10, parent="999"),
        "broken",
        tweet(2, "ann", "said twice", 40),
    )


def test_a_plan_counts_every_row(conversation: Path, twcs: ReplayMapping) -> None:
    with plan_replay(conversation, twcs) as plan:
        assert plan.counts == ReplayCounts(
            rows=6, accepted=4, duplicates=1, rejected=1, threads=3, brands=1
        )
        assert (plan.first_at_us, plan.last_at_us) == (NOON + 10 * SECOND, NOON + 30 * SECOND)


def test_records_come_by_time_then_id_with_thread_and_brand(
    conversation: Path, twcs: ReplayMapping
) -> None:
    with plan_replay(conversation, twcs) as plan:
        found = [(m.event_id, m.thread_key, m.brand_id, m.account_id) for m in messages(plan)]
    assert found == [
        ("x:2", "x:2", "AcmeHelp", "AcmeHelp"),
        ("x:10", "x:10", "", ""),
        ("x:3", "x:3", "AcmeHelp", "AcmeHelp"),
        ("x:4", "x:2", "AcmeHelp", "AcmeHelp"),
    ]


def test_a_message_holds_what_the_row_said(conversation: Path, twcs: ReplayMapping) -> None:
    with plan_replay(conversation, twcs) as plan:
        last = messages(plan)[-1]
    assert last == ReplayMessage(
        event_id="x:4",
        thread_key="x:2",
        author_id="AcmeHelp",
        author_kind="agent",
        occurred_at_us=NOON + 30 * SECOND,
        text="@ann Sorry!",
        message_id="4",
        reply_to_message_id="2",
        brand_id="AcmeHelp",
        channel="x",
        organisation_id="demo",
        account_id="AcmeHelp",
    )


def test_records_can_be_read_again_from_the_start(conversation: Path, twcs: ReplayMapping) -> None:
    with plan_replay(conversation, twcs) as plan:
        half = plan.records()
        next(half)
        assert len(messages(plan)) == 4
        assert len(list(half)) == 3


def test_overlapping_files_give_the_same_event_ids(
    write_tweets: Callable[..., Path], tweet: Callable[..., str], twcs: ReplayMapping
) -> None:
    rows = [tweet(n, "ann", "hi", n) for n in range(1, 5)]
    with (
        plan_replay(write_tweets(*rows[:3], name="a.csv"), twcs) as first,
        plan_replay(write_tweets(*rows[1:], name="b.csv"), twcs) as second,
    ):
        assert messages(first)[1:] == messages(second)[:2]
        assert first.timeline != second.timeline


def test_the_timeline_is_of_content_and_mapping(
    write_tweets: Callable[..., Path], tweet: Callable[..., str], twcs: ReplayMapping
) -> None:
    path = write_tweets(tweet(1, "ann", "hi", 1))
    copy = path.with_name("copy.csv")
    copy.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    mail = replace(twcs, namespace="y")
    with (
        plan_replay(path, twcs) as one,
        plan_replay(copy, twcs) as same,
        plan_replay(path, mail) as other,
    ):
        assert one.timeline == same.timeline
        assert one.timeline != other.timeline


def test_a_shifted_replay_ends_at_the_given_instant_as_a_timeline_of_its_own(
    conversation: Path, twcs: ReplayMapping
) -> None:
    day = 86_400 * SECOND
    with (
        plan_replay(conversation, twcs) as plain,
        plan_replay(conversation, twcs, NOON + 30 * SECOND + day) as shifted,
    ):
        assert shifted.shift_us == day
        assert shifted.last_at_us == NOON + 30 * SECOND + day
        assert shifted.timeline == f"{plain.timeline};shift={day}"
        moved = messages(shifted)[-1]
        assert moved.occurred_at_us == NOON + 30 * SECOND + day
        assert moved.event_id == f"x:4;shift={day}"
        assert moved.thread_key == f"x:2;shift={day}"
        assert moved.message_id == f"4;shift={day}"
        assert moved.reply_to_message_id == f"2;shift={day}"
        assert moved.author_id == "AcmeHelp"


def test_a_file_without_a_usable_row_gives_an_empty_plan(
    write_tweets: Callable[..., Path], twcs: ReplayMapping
) -> None:
    with plan_replay(write_tweets("broken"), twcs, NOON) as plan:
        assert plan.counts == ReplayCounts(1, 0, 0, 1, 0, 0)
        assert (plan.first_at_us, plan.last_at_us, list(plan.records())) == (None, None, [])


def test_rejects_are_written_as_csv_that_keeps_the_raw_row(
    write_tweets: Callable[..., Path],
    tweet: Callable[..., str],
    twcs: ReplayMapping,
    tmp_path: Path,
) -> None:
    raw = 'a,"b\nc",\rd'
    path = write_tweets(tweet(1, "ann", "hi", 1), raw, "e")
    target = tmp_path / "rejects.csv"
    with plan_replay(path, twcs) as plan:
        assert plan.write_rejects(target) == 2
        assert [reject.line for reject in plan.rejects()] == [3, 5]
    with target.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["line", "reason", "raw"]
    assert rows[1] == ["3", "has 3 columns where the header has 7", raw]
    assert rows[2][0] == "5"


def test_a_cycle_of_replies_ends_at_its_earliest_message(
    write_tweets: Callable[..., Path], tweet: Callable[..., str], twcs: ReplayMapping
) -> None:
    path = write_tweets(
        tweet(1, "a", "late", 9, parent=3),
        tweet(2, "b", "first", 1, parent=1),
        tweet(3, "c", "second", 2, parent="2.0"),
        tweet(4, "d", "leads in", 0, parent=3),
    )
    with plan_replay(path, twcs) as plan:
        assert {m.thread_key for m in messages(plan)} == {"x:2"}
        assert plan.counts.threads == 1


def test_ticket_steps_of_one_instant_come_in_the_order_of_a_case(
    helpdesk: ReplayMapping, tmp_path: Path
) -> None:
    path = tmp_path / "steps.csv"
    at = "2012/01/10 12:00:00.000"
    path.write_text(
        f"{STEPS_HEADER}\n"
        f"Case 10,Closed,V1,{at},P1\n"
        f"Case 10,Assign seriousness,V1,{at},P1\n"
        f"Case 10,Resolve ticket,V1,{at},P1\n"
        f"Case 10,Resolve ticket,V2,{at},P1\n"
        f"Case 10,Resolve ticket,V1,{at},P1\n",
        encoding="utf-8",
    )
    with plan_replay(path, helpdesk) as plan:
        steps = [record for record in plan.records() if isinstance(record, ReplayStatus)]
        assert (plan.counts.accepted, plan.counts.duplicates, plan.counts.threads) == (4, 1, 1)
    assert [step.status for step in steps] == ["new", "solved", "solved", "closed"]
    assert {step.thread_key for step in steps} == {"helpdesk:Case 10"}
    assert len({step.event_id for step in steps}) == 4
    assert {step.assignee for step in steps} == {"V1", "V2"}


def test_progress_tells_rows_read_then_rows_sorted(
    conversation: Path, twcs: ReplayMapping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.gateway.replay.plan.PROGRESS_EVERY", 2)
    monkeypatch.setattr("services.gateway.replay.sorting.PROGRESS_EVERY", 2)
    told: list[tuple[int, int]] = []
    with plan_replay(conversation, twcs, progress=lambda *rows: told.append(rows)):
        assert told == [(2, 0), (4, 0), (6, 0), (6, 0), (6, 2), (6, 4), (6, 4)]


def test_nothing_is_left_in_the_folder_for_temporary_files(
    conversation: Path, twcs: ReplayMapping, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("SQLITE_TMPDIR", str(scratch))
    plan = plan_replay(conversation, twcs)
    list(plan.records())
    plan.close()
    assert os.listdir(scratch) == []  # noqa: PTH208


def test_a_full_disk_is_told_with_its_remedy(
    write_tweets: Callable[..., Path],
    tweet: Callable[..., str],
    twcs: ReplayMapping,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def small(mapping: ReplayMapping) -> ReplaySorter:
        sorter = ReplaySorter(mapping)
        sorter._database.execute("PRAGMA max_page_count = 20")
        return sorter

    monkeypatch.setattr("services.gateway.replay.plan.ReplaySorter", small)
    path = write_tweets(*(tweet(n, "ann", "x" * 3000, 1) for n in range(60)))
    with pytest.raises(ReplayFileError, match="set SQLITE_TMPDIR to a folder on a larger disk"):
        plan_replay(path, twcs)
