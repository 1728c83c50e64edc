"""``careline kpi``: ask for figures, and for what they mean."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

import grpc
import typer

from careline.kpi.v1 import kpi_service_pb2 as messages
from careline.kpi.v1 import kpi_service_pb2_grpc as stubs
from services.cli.connection import address
from services.cli.output import fail, plainly, print_json, print_table
from services.kernel.clock import to_iso, to_microseconds

app = typer.Typer(help="Ask for figures and their definitions.", no_args_is_help=True)

_DEADLINE_SECONDS = 30.0
_UNITS_US = {"s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_FIGURES = ("value", "mean", "p50", "p90", "p99")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def parse_time(text: str) -> int:
    """Read an ISO 8601 time; without a zone it is UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{text!r} is not a time; write it like 2026-01-31T08:00:00Z")
    return to_microseconds(at if at.tzinfo else at.replace(tzinfo=UTC))


def parse_duration(text: str) -> int:
    match = re.fullmatch(r"(\d+)([smhd])", text)
    if match is None or int(match[1]) == 0:
        fail(f"{text!r} is not a duration; write it like 15m, 1h or 1d")
    return int(match[1]) * _UNITS_US[match[2]]


def service(channel: grpc.Channel) -> stubs.KpiServiceStub:
    return stubs.KpiServiceStub(channel)


@app.command()
@plainly
def query(
    kpis: Annotated[list[str], typer.Argument(help="KPI ids; `careline kpi definitions` lists.")],
    group_by: Annotated[str, typer.Option(help="brand, channel, organisation; by commas.")] = "",
    from_: Annotated[str, typer.Option("--from", help="From this time on (ISO 8601).")] = "",
    to: Annotated[str, typer.Option(help="Until before this time (ISO 8601).")] = "",
    bucket: Annotated[str, typer.Option(help="One row per bucket, like 15m, 1h, 1d.")] = "",
    organisation: Annotated[str, typer.Option(help="One organisation only.")] = "",
    as_json: Json = False,
) -> None:
    """Ask for KPIs, whole or by group and bucket."""
    request = messages.QueryRequest(
        kpis=kpis,
        group_by=[part for part in group_by.split(",") if part],
        from_us=parse_time(from_) if from_ else None,
        to_us=parse_time(to) if to else None,
        bucket_us=parse_duration(bucket) if bucket else 0,
        organisation_id=organisation,
    )
    with grpc.insecure_channel(address("CARELINE_KPI_ADDRESS")) as channel:
        answer = service(channel).Query(request, timeout=_DEADLINE_SECONDS)
    if as_json:
        print_json(document(answer))
    else:
        _show(answer, [part for part in group_by.split(",") if part])


def document(answer: messages.QueryResponse) -> dict[str, Any]:
    """Return the fixed shape that scripts rely on."""
    return {
        "as_of": to_iso(answer.as_of_us) if answer.HasField("as_of_us") else None,
        "kpis": {
            kpi.kpi: {
                "definition_version": kpi.definition_version,
                "unit": kpi.unit,
                "rows": [_row(row) for row in kpi.rows],
            }
            for kpi in answer.kpis
        },
    }


def _row(row: messages.Row) -> dict[str, Any]:
    return {
        "group": dict(sorted(row.group.items())),
        "bucket": to_iso(row.bucket_start_us) if row.HasField("bucket_start_us") else None,
        "count": row.count,
        **{name: getattr(row, name) if row.HasField(name) else None for name in _FIGURES},  # type: ignore[arg-type]
    }


def _show(answer: messages.QueryResponse, groups: list[str]) -> None:
    for kpi in answer.kpis:
        rows = [
            (
                *(row.group.get(group, "") or "(none)" for group in groups),
                to_iso(row.bucket_start_us) if row.HasField("bucket_start_us") else "all",
                row.count,
                *(
                    f"{getattr(row, name):,.6g}" if row.HasField(name) else None  # type: ignore[arg-type]
                    for name in _FIGURES
                ),
            )
            for row in kpi.rows
        ]
        print_table(f"{kpi.kpi} ({kpi.unit})", [*groups, "bucket", "count", *_FIGURES], rows)


@app.command()
@plainly
def definitions(as_json: Json = False) -> None:
    """List what is measured, how it is read and which way is good."""
    with grpc.insecure_channel(address("CARELINE_KPI_ADDRESS")) as channel:
        answer = service(channel).ListDefinitions(
            messages.ListDefinitionsRequest(), timeout=_DEADLINE_SECONDS
        )
    if as_json:
        print_json(
            [
                {
                    "kpi": item.kpi,
                    "version": item.version,
                    "unit": item.unit,
                    "direction": item.direction,
                    "reading": item.reading,
                    "target": item.target if item.HasField("target") else None,
                    "name": {"en": item.name_en, "zh": item.name_zh},
                    "description": item.description,
                }
                for item in answer.definitions
            ]
        )
        return
    print_table(
        "KPIs",
        ["id", "name", "名称", "unit", "read as", "good is", "version"],
        [
            (d.kpi, d.name_en, d.name_zh, d.unit, d.reading, d.direction, d.version)
            for d in answer.definitions
        ],
    )
