"""How far a partition has come: the watermark record, and what was taken of each source."""

from __future__ import annotations

from dataclasses import dataclass

from services.kernel.lane.records import Source
from services.kernel.lane.state import Table, table_of


@dataclass(slots=True)
class Watermark:
    """The last applied input, written with the state it led to.

    ``clean`` is true when the worker stopped in order: everything it sent is covered.
    """

    offset: int
    decision_version: str
    clean: bool = False
    consecutive_dead_letters: int = 0


@dataclass(slots=True)
class Taken:
    offset: int
    part: int


WATERMARK = table_of("_watermark", Watermark)
SOURCES = table_of("_source", Taken)

WATERMARK_KEY = "input"


class Sources:
    """Drops what was already taken of a source, by its last position.

    A source's positions arrive in order, so one position per source is enough.
    """

    def __init__(self, taken: Table[Taken]) -> None:
        self._taken = taken
        self._keys: dict[tuple[str, int, int], str] = {}

    def take(self, source: Source) -> bool:
        """Return False when it was taken before; otherwise remember it."""
        identity = (source.topic, source.generation, source.partition)
        key = self._keys.get(identity)
        if key is None:
            key = self._keys[identity] = f"{source.topic}/{source.generation}/{source.partition}"
        last = self._taken.get(key)
        if last is not None and (source.offset, source.part) <= (last.offset, last.part):
            return False
        if last is None:
            self._taken.put(key, Taken(source.offset, source.part))
        else:
            last.offset, last.part = source.offset, source.part
            self._taken.put(key, last)
        return True


class DecisionVersionError(RuntimeError):
    """Another version of the rules stopped uncleanly here."""


def check_decision_version(
    lane: str, partition: int, known: Watermark | None, running: str, *, accept: bool
) -> None:
    """Refuse to go on where another version may have sent outputs that its state does not cover.

    Its last group would be applied again by other rules, so that downstream could see both answers.
    """
    if known is None or known.clean or known.decision_version == running or accept:
        return
    raise DecisionVersionError(
        f"lane {lane}, partition {partition}: version {known.decision_version!r} stopped without "
        f"closing its last group, and {running!r} would decide it again. Start "
        f"{known.decision_version!r} once and stop it in order, or set "
        "CARELINE_ACCEPT_DECISION_VERSION=true and accept that the events of one flush group after "
        f"offset {known.offset} may be answered twice."
    )
