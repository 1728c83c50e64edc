"""KPI definitions are data: each reads one or two measures, and says how."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import cache

from services.kpi.domain import measures
from services.kpi.domain.measures import Kind


class Reading(StrEnum):
    """How a KPI's `value` is read from its cells."""

    COUNT = "count"
    MEAN = "mean"
    P50 = "p50"
    P90 = "p90"
    SHARE = "share"


class Direction(StrEnum):
    UP_IS_GOOD = "up"
    DOWN_IS_GOOD = "down"


class DefinitionError(ValueError):
    """A definition that contradicts itself or its measures."""


class UnknownKpiError(LookupError):
    """A KPI that the catalogue does not hold."""


@dataclass(frozen=True, slots=True)
class Formula:
    """`reading` of `measure`; a share is the count of `measure` over the count of `of`."""

    reading: Reading
    measure: str
    of: str | None = None

    def __post_init__(self) -> None:
        kind = measures.measure(self.measure).kind
        if (self.reading is Reading.SHARE) is (self.of is None):
            raise DefinitionError(
                f"{self.reading} of {self.measure}: a share, and only a share, "
                "names the measure it is a part of (`of`)"
            )
        if self.of is not None:
            measures.measure(self.of)
        if kind is Kind.COUNT and self.reading in {Reading.MEAN, Reading.P50, Reading.P90}:
            raise DefinitionError(
                f"{self.reading} of {self.measure}: it is only counted; "
                "read its count, or a measure that carries durations"
            )

    @property
    def measures(self) -> tuple[str, ...]:
        return (self.measure,) if self.of is None else (self.measure, self.of)

    @property
    def is_timed(self) -> bool:
        """Say whether the KPI has a mean and quantiles of its own."""
        return self.of is None and measures.measure(self.measure).kind is Kind.DURATION


@dataclass(frozen=True, slots=True)
class Definition:
    """
    What a figure means.

    `version` rises with every change of meaning and stands beside each figure. `target` is in
    `unit`; None = the organisation promises nothing here, so nothing judges the figure.
    """

    id: str
    version: int
    formula: Formula
    unit: str
    direction: Direction
    name_zh: str
    name_en: str
    description: str
    target: float | None = None


class Catalogue:
    """The definitions by id, in the order in which they are shown."""

    def __init__(self, definitions: Iterable[Definition]) -> None:
        self._by_id: dict[str, Definition] = {}
        for definition in definitions:
            if definition.id in self._by_id:
                raise DefinitionError(f"KPI {definition.id!r} is defined twice: rename one")
            self._by_id[definition.id] = definition

    def __iter__(self) -> Iterator[Definition]:
        return iter(self._by_id.values())

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._by_id)

    def get(self, kpi: str) -> Definition:
        """Return the definition, or raise `UnknownKpiError` that names the nearest ids."""
        found = self._by_id.get(kpi)
        if found is None:
            nearest = get_close_matches(kpi, self._by_id, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(nearest)}?" if nearest else "none is near it;"
            raise UnknownKpiError(f"unknown KPI {kpi!r}: {hint} known are {', '.join(self.ids)}")
        return found


_DEFINITIONS = (
    Definition(
        id="contacts",
        version=1,
        formula=Formula(Reading.COUNT, measures.CONTACT),
        unit="messages",
        direction=Direction.DOWN_IS_GOOD,
        name_zh="客户来信量",
        name_en="Contacts",
        description="Messages from customers, by the time the channel gives them.",
    ),
    Definition(
        id="replies",
        version=1,
        formula=Formula(Reading.COUNT, measures.REPLY),
        unit="messages",
        direction=Direction.UP_IS_GOOD,
        name_zh="客服回复量",
        name_en="Replies",
        description="Public messages from agents; bots and private notes do not count.",
    ),
    Definition(
        id="conversations",
        version=1,
        formula=Formula(Reading.COUNT, measures.CONVERSATION),
        unit="conversations",
        direction=Direction.DOWN_IS_GOOD,
        name_zh="新会话量",
        name_en="Conversations",
        description="Conversations opened; a reopening is not a new one.",
    ),
    Definition(
        id="first_response_time",
        version=1,
        formula=Formula(Reading.P50, measures.FIRST_RESPONSE),
        unit="seconds",
        direction=Direction.DOWN_IS_GOOD,
        name_zh="首次响应时间",
        name_en="First response time",
        description=(
            "Calendar time from the first customer message to the first reply after it, booked at "
            "the reply. Read as the median: one forgotten thread moves a mean by hours."
        ),
    ),
    Definition(
        id="resolution_time",
        version=1,
        formula=Formula(Reading.P50, measures.RESOLUTION),
        unit="seconds",
        direction=Direction.DOWN_IS_GOOD,
        name_zh="解决时长",
        name_en="Resolution time",
        description=(
            "Calendar time from a conversation's opening to its solution, booked at the solution. "
            "Read as the median."
        ),
    ),
    Definition(
        id="first_response_breaches",
        version=1,
        formula=Formula(Reading.COUNT, measures.FIRST_RESPONSE_BREACH),
        unit="breaches",
        direction=Direction.DOWN_IS_GOOD,
        name_zh="首响超时数",
        name_en="First response breaches",
        description=(
            "First-response promises that were missed, booked when they were due; a breach that a "
            "late event proves wrong is taken out again."
        ),
        target=0,
    ),
    Definition(
        id="negative_contacts",
        version=1,
        formula=Formula(Reading.COUNT, measures.NEGATIVE_CONTACT),
        unit="messages",
        direction=Direction.DOWN_IS_GOOD,
        name_zh="负面来信量",
        name_en="Negative contacts",
        description="Messages from customers whose sentiment is negative.",
    ),
)


@cache
def catalogue() -> Catalogue:
    return Catalogue(_DEFINITIONS)
