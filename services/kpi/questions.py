"""The contract's questions and answers, to the domain and back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from careline.kpi.v1 import kpi_service_pb2 as messages
from services.kpi.domain import instants
from services.kpi.domain.answers import Answer, KpiAnswer, Row
from services.kpi.domain.definitions import Definition
from services.kpi.domain.query import FIRST_US, LAST_US, Request

_ROWS_AT_ONCE = 1_000


def request_of(query: messages.QueryRequest) -> Request:
    return Request(
        kpis=tuple(query.kpis),
        from_us=query.from_us if query.HasField("from_us") else FIRST_US,
        to_us=query.to_us if query.HasField("to_us") else LAST_US,
        group_by=tuple(query.group_by),
        bucket_us=query.bucket_us or None,
        organisation=query.organisation_id or None,
    )


async def response_of(answer: Answer) -> messages.QueryResponse:
    """Write an answer, letting others in between a thousand rows and the next."""
    response = messages.QueryResponse()
    as_of = answer["as_of"]
    if as_of is not None:
        response.as_of_us = instants.from_text(as_of)
    for kpi, figures in answer["kpis"].items():
        await _add_kpi(response.kpis.add(), kpi, figures)
    return response


async def _add_kpi(part: messages.KpiAnswer, kpi: str, figures: KpiAnswer) -> None:
    part.kpi = kpi
    part.definition_version = str(figures["definition_version"])
    part.unit = figures["unit"]
    rows = figures["rows"]
    for at in range(0, len(rows), _ROWS_AT_ONCE):
        part.rows.extend(_rows_of(rows[at : at + _ROWS_AT_ONCE]))
        await asyncio.sleep(0)


def _rows_of(rows: Iterable[Row]) -> Iterable[messages.Row]:
    return [
        messages.Row(
            group=row["group"],
            bucket_start_us=None if row["bucket"] is None else instants.from_text(row["bucket"]),
            count=row["count"],
            value=row["value"],
            mean=row["mean"],
            p50=row["p50"],
            p90=row["p90"],
            p99=row["p99"],
        )
        for row in rows
    ]


def definition_of(definition: Definition) -> messages.Definition:
    return messages.Definition(
        kpi=definition.id,
        version=str(definition.version),
        unit=definition.unit,
        direction=definition.direction,
        name_en=definition.name_en,
        name_zh=definition.name_zh,
        description=definition.description,
        target=definition.target,
        reading=definition.formula.reading,
    )
