"""Questions to the kpi service and its answers, to and from the contract's messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from careline.kpi.v1 import kpi_service_pb2 as messages
from dashboards.wall.figures import Definition, Figure, Figures
from dashboards.wall.view import Ranges, Source

_BRAND = "brand"


def totals_question(
    kpis: Sequence[str], source: Source, limits: Ranges, organisation: str
) -> messages.QueryRequest:
    """Ask for one figure over the whole window."""
    return messages.QueryRequest(
        kpis=kpis,
        group_by=[_BRAND] if source.by_brand else [],
        from_us=limits.from_us,
        to_us=limits.to_us,
        organisation_id=organisation,
    )


def trend_question(
    kpis: Sequence[str], source: Source, limits: Ranges, organisation: str
) -> messages.QueryRequest:
    """Ask for one figure a bucket."""
    return messages.QueryRequest(
        kpis=kpis,
        group_by=[_BRAND] if source.by_brand else [],
        from_us=limits.trend_from_us,
        to_us=limits.to_us,
        bucket_us=limits.step_us,
        organisation_id=organisation,
    )


def read_definitions(response: messages.ListDefinitionsResponse) -> dict[str, Definition]:
    return {
        definition.kpi: Definition(
            kpi=definition.kpi,
            version=definition.version,
            unit=definition.unit,
            direction=definition.direction,
            reading=definition.reading,
            name_en=definition.name_en,
            name_zh=definition.name_zh,
            target=definition.target if definition.HasField("target") else None,
        )
        for definition in response.definitions
    }


def read_figures(
    definitions: dict[str, Definition],
    limits: Ranges,
    totals: messages.QueryResponse,
    trend: messages.QueryResponse,
) -> Figures:
    return Figures(
        definitions=definitions,
        ranges=limits,
        totals={
            answer.kpi: {row.group.get(_BRAND, ""): _figure(row) for row in answer.rows}
            for answer in totals.kpis
        },
        trends={answer.kpi: _trend(answer.rows) for answer in trend.kpis},
    )


def _figure(row: messages.Row) -> Figure:
    return Figure(
        count=row.count,
        value=row.value if row.HasField("value") else None,
        p50=row.p50 if row.HasField("p50") else None,
        p90=row.p90 if row.HasField("p90") else None,
    )


def _trend(rows: Iterable[messages.Row]) -> dict[str, dict[int, float]]:
    by_brand: dict[str, dict[int, float]] = {}
    for row in rows:
        if row.HasField("value"):
            points = by_brand.setdefault(row.group.get(_BRAND, ""), {})
            points[row.bucket_start_us] = row.value
    return by_brand
