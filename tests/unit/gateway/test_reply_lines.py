from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.delivery import OpenReply
from services.gateway.domain.reply_lines import ReplyLine


def reply(position: int, thread: str = "t1", next_at_us: int = 0) -> OpenReply:
    return OpenReply(position, thread, b"", next_at_us=next_at_us)


def test_an_empty_line_gives_nothing_and_waits_for_nothing() -> None:
    line = ReplyLine()
    assert line.take(0) is None
    assert line.due_at_us() is None


def test_the_oldest_goes_first_and_its_thread_waits_for_it() -> None:
    line = ReplyLine()
    line.put("b", reply(2))
    line.put("a", reply(1))
    line.put("c", reply(3, "t2"))
    taken = [line.take(0), line.take(0), line.take(0)]
    assert [one[0] if one else None for one in taken] == ["a", "c", None]
    assert line.under_way == 2
    line.drop("a")
    following = line.take(0)
    assert following is not None
    assert following[0] == "b"


def test_a_reply_that_is_tried_again_keeps_its_place() -> None:
    line = ReplyLine()
    line.put("a", reply(1))
    line.put("b", reply(2))
    assert line.take(0) is not None
    line.put("a", reply(1, next_at_us=50))
    assert line.take(49) is None
    assert line.due_at_us() == 50
    again = line.take(50)
    assert again is not None
    assert again[0] == "a"


def test_a_thread_that_waits_for_its_time_lets_others_pass() -> None:
    line = ReplyLine()
    line.put("a", reply(1, "t1", next_at_us=50))
    line.put("b", reply(2, "t2"))
    taken = line.take(0)
    assert taken is not None
    assert taken[0] == "b"


def test_a_new_request_does_not_free_its_thread() -> None:
    line = ReplyLine()
    line.put("a", reply(1))
    line.take(0)
    line.put("b", reply(2))
    assert line.take(0) is None


def test_what_is_under_way_without_having_been_taken_holds_its_thread() -> None:
    line = ReplyLine()
    line.hold("a", reply(1))
    line.put("b", reply(2))
    assert line.take(0) is None
    line.drop("a")
    assert line.take(0) is not None


def test_what_is_dropped_twice_is_dropped() -> None:
    line = ReplyLine()
    line.put("a", reply(1))
    line.drop("a")
    line.drop("a")
    assert line.take(0) is None
    assert len(line) == 0


steps = st.lists(
    st.tuples(st.sampled_from(["ask", "take", "again", "end"]), st.integers(0, 3)), max_size=60
)


@given(steps)
def test_every_reply_comes_once_in_its_threads_order(plan: list[tuple[str, int]]) -> None:
    line, now_us = ReplyLine(), 0
    asked: dict[str, list[str]] = {}
    ended: dict[str, list[str]] = {}
    away: list[tuple[str, OpenReply]] = []
    for number, (step, choice) in enumerate(plan):
        now_us += 1
        if step == "ask":
            thread = f"t{choice}"
            asked.setdefault(thread, []).append(str(number))
            line.put(str(number), reply(number, thread))
        elif step == "take":
            taken = line.take(now_us)
            if taken is not None:
                assert all(other.thread_key != taken[1].thread_key for _, other in away)
                away.append(taken)
        elif away:
            key, one = away.pop(choice % len(away))
            if step == "again":
                line.put(key, replace(one, next_at_us=now_us + choice))
            else:
                ended.setdefault(one.thread_key, []).append(key)
                line.drop(key)
    for key, one in away:
        line.put(key, one)
    while (taken := line.take(now_us + 10)) is not None:
        ended.setdefault(taken[1].thread_key, []).append(taken[0])
        line.drop(taken[0])
    assert ended == asked
    assert len(line) == 0
