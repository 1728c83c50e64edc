"""Answers: a row for each group and bucket that has facts, read as its definition says."""

from typing import TypedDict

from services.kpi.domain import instants, sketch
from services.kpi.domain.cells import Cell
from services.kpi.domain.definitions import Definition, Reading

_QUANTILES = (0.5, 0.9, 0.99)


class Row(TypedDict):
    """One figure. Durations are seconds, to the microsecond; a counted KPI has a value alone."""

    group: dict[str, str]
    bucket: str | None
    count: int
    value: float | None
    mean: float | None
    p50: float | None
    p90: float | None
    p99: float | None


class KpiAnswer(TypedDict):
    definition_version: int
    unit: str
    rows: list[Row]


class Answer(TypedDict):
    """`as_of` is the instant of the newest fact behind any row, None without rows."""

    as_of: str | None
    kpis: dict[str, KpiAnswer]


def row_of(
    definition: Definition, group: dict[str, str], bucket_at_us: int | None, cells: list[Cell]
) -> Row:
    """Read a figure from the cells of the formula's measures, at least one of them not empty."""
    row: Row = {
        "group": group,
        "bucket": None if bucket_at_us is None else instants.to_text(bucket_at_us),
        "count": cells[-1].count,
        "value": cells[-1].count,
        "mean": None,
        "p50": None,
        "p90": None,
        "p99": None,
    }
    if definition.formula.is_timed:
        _time(row, definition.formula.reading, cells[0])
    elif definition.formula.reading is Reading.SHARE:
        part, whole = (cell.count for cell in cells)
        row["value"] = part / whole if whole > 0 else None
    return row


def _time(row: Row, reading: Reading, cell: Cell) -> None:
    row["mean"] = cell.sum_us / (cell.count * instants.SECOND_US)
    row["p50"], row["p90"], row["p99"] = (
        # Below a microsecond there was no measurement, and two machines' powers may differ.
        round(value) / instants.SECOND_US
        for value in sketch.quantiles(cell.sketch, _QUANTILES)
    )
    if reading is not Reading.COUNT:
        row["value"] = {
            Reading.MEAN: row["mean"],
            Reading.P50: row["p50"],
            Reading.P90: row["p90"],
        }[reading]
