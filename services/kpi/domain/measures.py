"""Measures: what the lane counts and times. A KPI's definition says how they are read."""

from dataclasses import dataclass
from enum import StrEnum

CONTACT = "contact"
REPLY = "reply"
CONVERSATION = "conversation"
FIRST_RESPONSE = "first_response"
RESOLUTION = "resolution"
FIRST_RESPONSE_BREACH = "first_response_breach"
NEGATIVE_CONTACT = "negative_contact"


class Kind(StrEnum):
    COUNT = "count"
    DURATION = "duration"


@dataclass(frozen=True, slots=True)
class Measure:
    """What one fact adds to its cell: itself, and for a duration its microseconds too."""

    id: str
    kind: Kind
    description: str


class UnknownMeasureError(ValueError):
    """A measure that no list of measures names."""


MEASURES = {
    measure.id: measure
    for measure in (
        Measure(CONTACT, Kind.COUNT, "A customer's message, at its time."),
        Measure(REPLY, Kind.COUNT, "An agent's public message, at its time."),
        Measure(CONVERSATION, Kind.COUNT, "A conversation, at its opening."),
        Measure(
            FIRST_RESPONSE,
            Kind.DURATION,
            "From the first customer message to the first reply after it, at the reply.",
        ),
        Measure(RESOLUTION, Kind.DURATION, "From opening to solution, at the solution."),
        Measure(
            FIRST_RESPONSE_BREACH, Kind.COUNT, "A missed first-response promise, when it was due."
        ),
        Measure(NEGATIVE_CONTACT, Kind.COUNT, "A contact of negative sentiment, at its time."),
    )
}


def measure(measure_id: str) -> Measure:
    found = MEASURES.get(measure_id)
    if found is None:
        raise UnknownMeasureError(
            f"unknown measure {measure_id!r}: known are {', '.join(MEASURES)}"
        )
    return found
