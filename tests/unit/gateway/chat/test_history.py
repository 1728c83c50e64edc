"""What a replica remembers of its threads stays within bounds, and loses no number in use."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway.domain.chat_history import ChatHistories, ShownMessage


def message(seq: int, message_id: str = "") -> ShownMessage:
    return ShownMessage(seq, message_id or f"m-{seq}", "agent", f"text {seq}", seq)


def test_an_id_is_shown_once() -> None:
    histories = ChatHistories()
    assert histories.add("t", message(1))
    assert not histories.add("t", message(2, "m-1"))
    assert histories.add("u", message(3, "m-1"))
    assert [one.seq for one in histories.after("t", -1, 10).messages] == [1]


def test_a_page_says_what_is_missing_and_whether_there_is_more() -> None:
    histories = ChatHistories(recent=2)
    for seq in range(0, 50, 5):
        histories.add("t", message(seq))
    page = histories.after("t", 5, 4)
    assert ([one.seq for one in page.messages], list(page.missing)) == ([40, 45], [30, 35])
    assert page.more
    page = histories.before("t", 30, 100)
    assert (page.messages, list(page.missing), page.more) == ([], [0, 5, 10, 15, 20, 25], False)


def test_a_thread_that_nobody_knows_is_empty() -> None:
    page = ChatHistories().after("t", -1, 10)
    assert (list(page.messages), list(page.missing), page.more) == ([], [], False)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30)), max_size=200))
@settings(max_examples=100)
def test_memory_is_bounded_and_what_is_told_is_true(shown: list[tuple[int, int]]) -> None:
    histories = ChatHistories(recent=3, numbers=5, messages=8, threads=4)
    told: dict[str, dict[str, int]] = {}
    for seq, (thread, number) in enumerate(shown):
        histories.add(f"t-{thread}", message(seq, f"m-{number}"))
        told.setdefault(f"t-{thread}", {}).setdefault(f"m-{number}", seq)
    assert histories._messages == sum(len(one.recent) for one in histories._threads.values()) <= 8
    assert len(histories._threads) <= 4
    for key in histories._threads:
        page = histories.after(key, -1, 100)
        seqs = [*page.missing, *(one.seq for one in page.messages)]
        assert seqs == sorted(set(seqs))
        assert len(seqs) <= 5
