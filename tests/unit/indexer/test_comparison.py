from __future__ import annotations

from hashlib import blake2b

from hypothesis import given
from hypothesis import strategies as st

from services.indexer.domain.comparison import (
    BEFORE_LOG,
    EXAMPLES,
    NEWER,
    Comparison,
    Ledger,
    OffsetRange,
    compare_ledgers,
)


def digest(content: str) -> str:
    return blake2b(content.encode(), digest_size=16).hexdigest()


def ledger(documents: dict[str, str]) -> Ledger:
    filled = Ledger()
    for document_id, content in documents.items():
        filled.add(document_id, digest(content))
    return filled


documents = st.dictionaries(st.text(min_size=1, max_size=3), st.sampled_from("abc"))


@given(documents, documents)
def test_every_difference_is_counted_once(log: dict[str, str], index: dict[str, str]) -> None:
    found = compare_ledgers(ledger(log), ledger(index), replaceable=False)
    assert (found.in_log, found.in_index) == (len(log), len(index))
    assert found.missing == len(log.keys() - index.keys())
    assert found.extra == len(index.keys() - log.keys())
    assert found.different == sum(log[key] != index[key] for key in log.keys() & index.keys())
    assert found.equal == (log == index)
    assert set(found.missing_examples) <= log.keys() - index.keys()


@given(st.lists(st.tuples(st.text(min_size=1), st.text(), st.integers(0, 65535))))
def test_a_ledger_gives_back_what_was_added(rows: list[tuple[str, str, int]]) -> None:
    filled = Ledger()
    for document_id, content, note in rows:
        filled.add(document_id, digest(content), note)
    entries = [entry for bucket in range(256) for entry in filled.entries(bucket)]
    assert sorted(entries) == sorted((name, digest(text), note) for name, text, note in rows)


def test_examples_are_bounded() -> None:
    found = compare_ledgers(
        ledger({str(number): "a" for number in range(100)}), Ledger(), replaceable=False
    )
    assert found.missing == 100
    assert len(found.missing_examples) == EXAMPLES


def test_within_a_partition_the_first_document_of_an_id_stands() -> None:
    log = ledger({"one": "first"})
    log.add("one", digest("second"))
    assert compare_ledgers(log, ledger({"one": "first"}), replaceable=False).equal
    assert not compare_ledgers(log, ledger({"one": "second"}), replaceable=False).equal


def test_of_two_partitions_either_document_may_stand() -> None:
    log = Ledger()
    log.add("one", digest("here"), 0)
    log.add("one", digest("there"), 1)
    for content in ("here", "there"):
        found = compare_ledgers(log, ledger({"one": content}), replaceable=False)
        assert found.equal
        assert found.in_log == 1


def test_what_the_compared_part_of_the_log_cannot_know_is_no_difference() -> None:
    index = Ledger()
    index.add("new", digest("a"), NEWER)
    index.add("old", digest("a"), BEFORE_LOG)
    found = compare_ledgers(Ledger(), index, replaceable=False)
    assert found.equal
    assert (found.in_index, found.newer, found.before_log) == (0, 1, 1)


def test_only_a_replaceable_document_may_have_moved_on() -> None:
    index = Ledger()
    index.add("one", digest("b"), NEWER)
    log = ledger({"one": "a"})
    assert compare_ledgers(log, index, replaceable=True).newer == 1
    assert compare_ledgers(log, index, replaceable=False).different == 1


def test_a_comparison_is_plain_data_for_json() -> None:
    found = compare_ledgers(ledger({"one": "a"}), Ledger(), replaceable=False)
    told = Comparison({0: OffsetRange(0, 7)}, {"events": found}).as_dict()
    assert told["equal"] is False
    assert told["offsets"] == {"0": {"begin": 0, "end": 7}}
    assert told["collections"]["events"]["examples"]["missing"] == ["one"]
