from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from careline.event.v1.event_pb2 import Event
from services.kernel.lane.records import SOURCE_HEADER, Output, Source
from services.kernel.testing.harness import events_of


def _positioned(outputs: Sequence[Output]) -> Iterator[tuple[Source, list[Event]]]:
    for output in outputs:
        carried = dict(output.headers).get(SOURCE_HEADER)
        if carried is not None:
            yield Source.decode(carried), events_of(output)
            continue
        for event in events_of(output):
            origin = event.source
            yield (
                Source(
                    origin.topic, origin.generation, origin.partition, origin.offset, origin.part
                ),
                [event],
            )


def _taken_once(outputs: Sequence[Output]) -> list[Event]:
    last: dict[tuple[str, int], tuple[int, int]] = {}
    events: list[Event] = []
    for source, brought in _positioned(outputs):
        reader, position = (source.topic, source.partition), (source.offset, source.part)
        if position > last.get(reader, (-1, -1)):
            last[reader] = position
            events += brought
    return events


@pytest.fixture(scope="session")
def taken_once() -> Callable[[Sequence[Output]], list[Event]]:
    """Read one partition's outputs as the next lane does: each position of a source once."""
    return _taken_once
