from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.identity.domain import accepted_ids, fingerprints
from services.identity.domain.accepted_ids import HORIZON_DAYS, PERIOD_US, AcceptedIds
from services.identity.domain.id_index import HASH_BYTES, IdIndex, split

DAY_US = 86_400_000_000
NOON_US = 1_700_000_000_000_000


def fingerprint(number: int) -> bytes:
    return fingerprints.of_event("acme", "webhook", f"evt-{number}")


hashes = st.integers(0, 60).map(fingerprint)
# An id, the days that passed before it, whether a group closes after it, and the process dies then.
steps = st.lists(
    st.tuples(hashes, st.sampled_from([0, 0, 0, 1, 9, 11, 45]), st.booleans(), st.booleans()),
    max_size=120,
)
quick = settings(max_examples=60, deadline=None)


class Store(dict[str, bytes]):
    def take(self, ids: AcceptedIds) -> None:
        for key, value in ids.changes():
            if value is None:
                del self[key]  # what was never stored is never deleted
            else:
                self[key] = value


def all_accepted(numbers: Iterable[int], ids: AcceptedIds) -> bool:
    return all(ids.accept(fingerprint(number), NOON_US) for number in numbers)


def test_an_id_is_accepted_once() -> None:
    ids = AcceptedIds()
    assert ids.accept(fingerprint(1), NOON_US)
    assert not ids.accept(fingerprint(1), NOON_US)
    assert ids.accept(fingerprint(2), NOON_US)


def test_an_id_is_another_in_another_organisation_or_channel() -> None:
    seen = {
        fingerprints.of_event(organisation, channel, "1")
        for organisation in ("acme", "zen")
        for channel in ("x", "line")
    }
    assert len(seen) == 4


def test_an_id_is_known_for_the_whole_horizon_and_forgotten_a_period_later() -> None:
    ids = AcceptedIds()
    start_us = NOON_US // PERIOD_US * PERIOD_US
    assert ids.accept(fingerprint(1), start_us + PERIOD_US - 1)
    within_us = start_us + PERIOD_US + HORIZON_DAYS * DAY_US - 1
    assert not ids.accept(fingerprint(1), within_us)
    assert ids.accept(fingerprint(1), within_us + 1)


def test_a_clock_that_goes_back_forgets_nothing() -> None:
    ids = AcceptedIds()
    assert ids.accept(fingerprint(1), NOON_US)
    assert not ids.accept(fingerprint(1), NOON_US - 90 * DAY_US)
    assert ids.accept(fingerprint(2), NOON_US - 90 * DAY_US)
    assert not ids.accept(fingerprint(2), NOON_US)


def test_a_month_of_ids_is_few_keys_and_sixteen_bytes_an_id() -> None:
    ids, store = AcceptedIds(), Store()
    for group in range(300):
        assert all_accepted(range(group * 50, group * 50 + 50), ids)
        store.take(ids)
    assert len(store) == 15_000 // 4096 + -(-(15_000 % 4096) // 64)
    assert sum(map(len, store.values())) == 15_000 * HASH_BYTES
    assert max(map(len, store.values())) == 4096 * HASH_BYTES


def test_a_quiet_group_stores_nothing() -> None:
    ids, store = AcceptedIds(), Store()
    assert all_accepted(range(100), ids)
    store.take(ids)
    assert not ids.accept(fingerprint(7), NOON_US)
    assert list(ids.changes()) == []


def test_a_group_stores_the_slice_it_touched_alone() -> None:
    ids, store = AcceptedIds(), Store()
    assert all_accepted(range(100), ids)
    store.take(ids)
    assert ids.accept(fingerprint(100), NOON_US)
    ((key, value),) = ids.changes()
    assert key.endswith("/01")
    assert value is not None
    assert len(value) == (101 - 64) * HASH_BYTES


@quick
@given(steps)
def test_groups_and_restarts_change_neither_the_answers_nor_the_store(
    sequence: list[tuple[bytes, int, bool, bool]],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accepted_ids, "_SLICE", 2 * HASH_BYTES)
        patch.setattr(accepted_ids, "_BLOCK", 8 * HASH_BYTES)
        calm, stormy = AcceptedIds(), AcceptedIds()
        store = Store()
        last_accepted: dict[bytes, int] = {}
        now_us = NOON_US
        newest = 0
        for event_hash, days, closes, restarts in sequence:
            now_us += days * DAY_US
            period = now_us // PERIOD_US
            known = last_accepted.get(event_hash)
            is_new = known is None or known < period - HORIZON_DAYS * DAY_US // PERIOD_US
            assert calm.accept(event_hash, now_us) is is_new
            assert stormy.accept(event_hash, now_us) is is_new
            if is_new:
                last_accepted[event_hash] = newest = period
            if closes:
                store.take(stormy)
                if restarts:
                    stormy = AcceptedIds(store.items())
        store.take(stormy)
        at_once = Store()
        at_once.take(calm)
        assert store == at_once
        oldest = newest - HORIZON_DAYS * DAY_US // PERIOD_US
        kept = [period for period in last_accepted.values() if period >= oldest]
        assert len(stormy) == len(calm) == len(kept)


@quick
@given(st.lists(st.binary(min_size=HASH_BYTES, max_size=HASH_BYTES), unique=True, max_size=200))
def test_an_index_holds_what_was_added_and_nothing_else(values: list[bytes]) -> None:
    half = len(values) // 2
    index = IdIndex(b"".join(values[: half // 2]))
    for value in values[half // 2 : half]:
        index.add(value)
    assert len(index) == half
    assert all(value in index for value in values[:half])
    assert not any(value in index for value in values[half:])


def test_a_hash_across_two_neighbours_is_not_in_the_index() -> None:
    first, second = bytes(range(16)), bytes(range(16, 32))
    index = IdIndex(first + second)
    assert (first + second)[5:21] not in index
    assert list(split(first + second)) == [first, second]


def test_a_hash_behind_its_own_look_alike_is_found() -> None:
    wanted = b"ab" * 8
    index = IdIndex(b"xa" + b"ba" * 7 + wanted)
    assert wanted in index
