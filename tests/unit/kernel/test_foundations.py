from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.clock import to_datetime, to_iso, to_microseconds
from services.kernel.lane.records import Source
from services.kernel.lane.state import Table, table_of
from services.kernel.partitioning import partition_of
from services.kernel.settings import SettingsError, read_settings
from services.kernel.telemetry.logging import mask
from services.kernel.telemetry.tracing import traceparent_from
from services.kernel.topics import TopicDeclarationError, declared_topics, topic


@dataclass(frozen=True, slots=True)
class Example:
    kafka: str
    port: int
    ratio: float = 0.5
    folder: Path = Path()


def test_settings_are_read_from_the_environment() -> None:
    read = read_settings(Example, {"CARELINE_KAFKA": "k:1", "CARELINE_PORT": "7"})
    assert read == Example("k:1", 7)


def test_every_missing_or_malformed_setting_is_named() -> None:
    with pytest.raises(SettingsError, match=r"CARELINE_KAFKA is not set.*CARELINE_PORT='x'"):
        read_settings(Example, {"CARELINE_PORT": "x"})


@given(st.integers(-(10**15), 4 * 10**15))
def test_instants_survive_the_way_to_datetime_and_back(at_us: int) -> None:
    assert to_microseconds(to_datetime(at_us)) == at_us


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        to_microseconds(datetime(2026, 1, 1))  # noqa: DTZ001  # the very thing under test


def test_instants_are_shown_in_utc() -> None:
    assert to_iso(to_microseconds(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))) == (
        "2026-01-02T03:04:05Z"
    )


def test_partitions_of_a_key_never_change() -> None:
    assert [partition_of(f"acme/x/{n}", 4) for n in range(6)] == [0, 2, 0, 2, 1, 3]


@given(
    st.text(min_size=1, max_size=30),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**32 - 1),
)
def test_a_source_survives_its_header(
    name: str, generation: int, partition: int, offset: int, part: int
) -> None:
    source = Source(name, generation, partition, offset, part)
    assert Source.decode(source.encode()) == source


def test_every_declared_topic_names_known_topics_and_services() -> None:
    services = {path.name for path in (Path(__file__).parents[3] / "services").iterdir()}
    for declared in declared_topics().values():
        assert {declared.owner, *declared.producers, *declared.consumers} <= services
        if declared.dead_letter is not None:
            assert topic(declared.dead_letter).partitions == declared.partitions


def test_an_undeclared_topic_is_refused_with_the_remedy() -> None:
    with pytest.raises(TopicDeclarationError, match=r"add proto/topics/nowhere\.v1\.yaml"):
        topic("nowhere.v1")


def test_main_lanes_share_one_partition_count() -> None:
    main = [t for t in declared_topics().values() if t.key == "thread_key"]
    assert len({t.partitions for t in main}) == 1


def test_a_restored_value_is_decoded_when_it_is_first_read() -> None:
    table: Table[int] = Table(table_of("numbers", int))
    table.restore("a", table.spec.encode(7))
    assert list(table.take_changes()) == []
    assert table.get("a") == 7
    assert table.get("b") is None
    table.delete("a")
    assert list(table.take_changes()) == [(b"numbers\x00a", None)]


def test_logs_show_no_address_and_no_number() -> None:
    masked = mask("write to jane.doe@example.com or +44 20 7946 0123")
    assert "jane" not in masked
    assert "7946" not in masked
    assert "example.com" in masked


def test_a_malformed_trace_begins_a_new_one() -> None:
    known = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert traceparent_from(known)[3:35] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert traceparent_from("nonsense") != traceparent_from(None)
