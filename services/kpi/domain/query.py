"""
Queries over an index of cells.

The answer is a function of the cells alone: the same cells give the same bytes. A group or bucket
without facts has no row.
"""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from services.kpi.domain import instants
from services.kpi.domain.answers import Answer, KpiAnswer, Row, row_of
from services.kpi.domain.cells import (
    COARSE_SECONDS,
    COARSE_US,
    FINE_SECONDS,
    FINE_US,
    Cell,
    Group,
    Source,
)
from services.kpi.domain.definitions import Catalogue, Definition, catalogue
from services.kpi.domain.index import Index, Series

T = TypeVar("T")

DIMENSIONS = Group._fields
# More than a reader can take in one message, and far more than a screen can show.
MAX_ROWS = 50_000

# Whole quarter-hours: a range without a beginning or an end.
FIRST_US = instants.FIRST_US
LAST_US = instants.LAST_US // COARSE_US * COARSE_US

_STEP_CELLS = 2_000
_STEP_ROWS = 500


class QueryError(ValueError):
    """A request that the cells cannot answer; the message says what they can."""


@dataclass(frozen=True, slots=True)
class Request:
    """
    Figures of [from, to), per group and per bucket.

    `group_by` names some of `DIMENSIONS`, in the order of sorting. `bucket_us` cuts time in UTC
    from the epoch on, so that hours and days start on the hour and at midnight; None = one figure
    for the whole range. `organisation` limits the facts to one tenant's; None = all.
    """

    kpis: tuple[str, ...]
    from_us: int
    to_us: int
    group_by: tuple[str, ...] = ()
    bucket_us: int | None = None
    organisation: str | None = None


class _Span(NamedTuple):
    resolution_seconds: int
    from_us: int
    to_us: int


# Where a cell counts: the wanted parts of its group, and its bucket (None = the whole range).
_Slot = tuple[tuple[str, ...], int | None]
_Totals = dict[_Slot, Cell]


# What a part of the work returns; it yields whenever its caller may let others in.
Steps = Generator[None, None, T]


def run(index: Index, request: Request, definitions: Catalogue | None = None) -> Answer:
    """
    Answer a request from the coarsest cells that fit it.

    Raises `UnknownKpiError`, or `QueryError` for a range, a bucket or a grouping without cells.
    """
    steps = stepwise(index, request, definitions)
    while True:
        try:
            next(steps)
        except StopIteration as stopped:
            answer: Answer = stopped.value
            return answer


def stepwise(index: Index, request: Request, definitions: Catalogue | None = None) -> Steps[Answer]:
    """Do the work of `run` in steps of a few milliseconds; the index stays as it is meanwhile."""
    known = definitions or catalogue()
    wanted = [known.get(kpi) for kpi in request.kpis]
    _check(request)
    spans = _plan(request)
    totals: dict[str, _Totals] = {}
    for measure in (m for definition in wanted for m in definition.formula.measures):
        if measure not in totals:
            totals[measure] = yield from _total(index, request, measure, spans)
    slots = {definition.id: _slots(definition, totals) for definition in wanted}
    _require_few(sum(map(len, slots.values())))
    newest: list[int] = []
    kpis: dict[str, KpiAnswer] = {}
    for definition in wanted:
        rows = yield from _rows(definition, request, totals, slots[definition.id], newest)
        kpis[definition.id] = {
            "definition_version": definition.version,
            "unit": definition.unit,
            "rows": rows,
        }
    return {"as_of": instants.to_text(max(newest)) if newest else None, "kpis": kpis}


def _check(request: Request) -> None:
    if not request.kpis:
        raise QueryError("the request names no KPI: ask for at least one")
    for dimension in request.group_by:
        if dimension not in DIMENSIONS or request.group_by.count(dimension) > 1:
            raise QueryError(
                f"group_by {', '.join(request.group_by)}: take each of "
                f"{', '.join(DIMENSIONS)} at most once"
            )
    for name, at_us in (("from", request.from_us), ("to", request.to_us)):
        if not FIRST_US <= at_us <= LAST_US:
            raise QueryError(
                f"`{name}` is {at_us} microseconds since 1970, outside the years 1 to 9999: "
                "check its unit, or leave it out for a range without that end"
            )
    if request.from_us >= request.to_us:
        raise QueryError(
            f"the range from {instants.to_text(request.from_us)} to "
            f"{instants.to_text(request.to_us)} is empty: `to` is the first instant after it"
        )
    for name, at_us in (("from", request.from_us), ("to", request.to_us)):
        if at_us % FINE_US:
            raise QueryError(
                f"`{name}` is {instants.to_text(at_us)}, and the finest step of the cells is "
                f"{FINE_SECONDS} s: round it to a whole minute"
            )
    if request.bucket_us is not None and (request.bucket_us <= 0 or request.bucket_us % FINE_US):
        raise QueryError(
            f"a bucket of {request.bucket_us / instants.SECOND_US:g} s is no multiple of "
            f"{FINE_SECONDS} s, the finest step of the cells"
        )


def _plan(request: Request) -> list[_Span]:
    """Take coarse cells for the whole quarter-hours, fine ones for the edges or fine buckets."""
    from_us, to_us = request.from_us, request.to_us
    first, last = -(-from_us // COARSE_US) * COARSE_US, to_us // COARSE_US * COARSE_US
    if first >= last or (request.bucket_us or 0) % COARSE_US:
        return [_Span(FINE_SECONDS, from_us, to_us)]
    spans = (
        _Span(FINE_SECONDS, from_us, first),
        _Span(COARSE_SECONDS, first, last),
        _Span(FINE_SECONDS, last, to_us),
    )
    return [span for span in spans if span.from_us < span.to_us]


def _total(index: Index, request: Request, measure: str, spans: list[_Span]) -> Steps[_Totals]:
    totals: _Totals = {}
    added = 0
    for span in spans:
        if span.resolution_seconds == FINE_SECONDS:
            _require_kept(index, request, measure, span)
        for group, series in _series(index, request, measure, span.resolution_seconds):
            label = tuple(getattr(group, dimension) for dimension in request.group_by)
            within = series.between(span.from_us, span.to_us)
            added += _add_series(totals, label, within, request.bucket_us)
            if added >= _STEP_CELLS:
                added = 0
                yield
    return totals


def _add_series(
    totals: _Totals,
    label: tuple[str, ...],
    buckets: Iterator[tuple[int, Mapping[Source, Cell]]],
    bucket_us: int | None,
) -> int:
    """
    Add the cells of one series and return how many.

    They come in order of time, so a slot is looked up once.
    """
    total: Cell | None = None
    total_at_us: int | None = None
    added = 0
    for start, cells in buckets:
        at_us = None if bucket_us is None else _floor(start, bucket_us)
        if total is None or at_us != total_at_us:
            total_at_us = at_us
            total = totals.setdefault((label, at_us), Cell(start))
        for cell in cells.values():
            if cell.count or cell.sketch:  # an emptied cell lends no time
                total.merge(cell)
        added += len(cells)
    return added


def _series(
    index: Index, request: Request, measure: str, resolution_seconds: int
) -> Iterator[tuple[Group, Series]]:
    for group, series in index.series(measure, resolution_seconds).items():
        if request.organisation in {None, group.organisation}:
            yield group, series


def _require_kept(index: Index, request: Request, measure: str, span: _Span) -> None:
    """Refuse a range where coarse cells show facts whose fine cells are gone."""
    horizons = index.horizons(FINE_SECONDS)
    for _, series in _series(index, request, measure, COARSE_SECONDS):
        for start, bucket in series.between(_floor(span.from_us, COARSE_US), span.to_us):
            for source, cell in bucket.items():
                horizon = horizons.get(source)
                if horizon is not None and start < horizon and cell.count:
                    raise QueryError(
                        f"{measure} at {instants.to_text(start)} is no longer kept in steps of "
                        f"{FINE_SECONDS} s (timeline {source.timeline!r} keeps them from "
                        f"{instants.to_text(horizon)} on): ask from there, or for a range and "
                        f"buckets in multiples of {COARSE_SECONDS} s"
                    )


def _floor(at_us: int, step_us: int) -> int:
    return at_us // step_us * step_us


def _slots(definition: Definition, totals: dict[str, _Totals]) -> list[_Slot]:
    """Return where the KPI has a row, in order of group and bucket."""
    return sorted(
        {
            slot
            for measure in definition.formula.measures
            for slot, cell in totals[measure].items()
            if cell.count > 0
        }
    )


def _require_few(rows: int) -> None:
    if rows > MAX_ROWS:
        raise QueryError(
            f"the answer has {rows} rows and {MAX_ROWS} are the most in one: ask for fewer KPIs, "
            "a shorter range, larger buckets, or fewer groups"
        )


def _rows(
    definition: Definition,
    request: Request,
    totals: dict[str, _Totals],
    slots: list[_Slot],
    newest: list[int],
) -> Steps[list[Row]]:
    """Make the rows, and note the newest instant behind each."""
    parts = [totals[measure] for measure in definition.formula.measures]
    rows: list[Row] = []
    for slot in slots:
        label, at_us = slot
        group = dict(zip(request.group_by, label, strict=True))
        cells = [part.get(slot) or Cell(0) for part in parts]
        newest += [cell.latest_at_us for cell in cells if cell.count > 0]
        rows.append(row_of(definition, group, at_us, cells))
        if not len(rows) % _STEP_ROWS:
            yield
    return rows
