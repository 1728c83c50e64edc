"""The tables of the lane's state."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from services.kernel.lane.state import TableSpec, table_of
from services.sla.domain.clocks import ConversationClocks
from services.sla.domain.events import ClockEvent
from services.sla.domain.facts import Opening
from services.sla.domain.rules import Standing


@dataclass(slots=True)
class ClockedConversation:
    """A conversation's clocks, and what the events of its alarms carry."""

    organisation_id: str
    thread_key: str
    channel: str
    account_id: str
    # The first that any event named.
    brand_id: str
    ordinal: int
    # Where its alarms sound.
    timeline: str
    # Brand and timeline: what a clock event is counted for, by its ``told_in``.
    places: list[tuple[str, str]] = field(default_factory=list)
    clocks: ConversationClocks = field(default_factory=ConversationClocks)

    def place(self, brand_id: str, timeline: str) -> int:
        """Return the number of a brand and a timeline."""
        place = (brand_id, timeline)
        places = self.places
        if places and places[0] == place:
            return 0
        if place not in places:
            places.append(place)
        return places.index(place)


class _Stored(msgspec.Struct, array_like=True):
    """What is written of a conversation, as an array: a third of the bytes of a map.

    Fields are only ever added at the end, with a default, which older records take.
    """

    organisation_id: str
    thread_key: str
    channel: str
    account_id: str
    brand_id: str
    ordinal: int
    timeline: str
    places: list[tuple[str, str]]
    rows: list[int]
    openings: list[Opening]
    passed_us: int
    elsewhere: list[ClockEvent]
    settled: int | None
    settled_standing: Standing | None


_encode_stored = msgspec.msgpack.Encoder(order="deterministic").encode
_decode_stored = msgspec.msgpack.Decoder(_Stored).decode


def _encode(known: ClockedConversation) -> bytes:
    clocks = known.clocks
    return _encode_stored(
        _Stored(
            known.organisation_id,
            known.thread_key,
            known.channel,
            known.account_id,
            known.brand_id,
            known.ordinal,
            known.timeline,
            known.places,
            clocks.rows,
            clocks.openings,
            clocks.passed_us,
            clocks.elsewhere,
            clocks.settled,
            clocks.settled_standing,
        )
    )


def _decode(data: bytes) -> ClockedConversation:
    stored = _decode_stored(data)
    return ClockedConversation(
        stored.organisation_id,
        stored.thread_key,
        stored.channel,
        stored.account_id,
        stored.brand_id,
        stored.ordinal,
        stored.timeline,
        stored.places,
        ConversationClocks(
            stored.rows,
            stored.openings,
            stored.passed_us,
            stored.elsewhere,
            stored.settled,
            stored.settled_standing,
        ),
    )


# By conversation id.
CONVERSATIONS = TableSpec("conversation", _encode, _decode)
# The definition of every policy that was ever in force here, by its reference as one text:
# conversations go on under the version that they began with.
POLICIES = table_of("policy", str)
