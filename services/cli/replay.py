"""``careline replay``: play a recorded file through every service, in event time."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import TaskID

from services.cli.connection import address, environment
from services.cli.output import console, fail, out, plainly, print_json
from services.cli.progress import counting_bar
from services.gateway.importing import (
    ImportFailedError,
    ImportProgress,
    ImportResult,
    ImportTargets,
    import_file,
)
from services.gateway.replay.mapping import MappingError, list_mappings, load_mapping
from services.gateway.replay.pacing import SpeedError, parse_speed
from services.gateway.replay.records import ReplayFileError
from services.kernel.clock import SystemClock
from services.kernel.elastic.connection import ElasticsearchAccess

_STEPS = {
    "read": "reading",
    "sort": "sorting by time",
    "publish": "publishing",
    "wait": "waiting until it shows",
}


class _Bars:
    """One bar per step of an import."""

    def __init__(self) -> None:
        self.progress = counting_bar()
        self._tasks: dict[str, TaskID] = {}

    def show(self, at: ImportProgress) -> None:
        task = self._tasks.get(at.step)
        if task is None:
            task = self._tasks[at.step] = self.progress.add_task(_STEPS[at.step], detail="")
        self.progress.update(task, completed=at.done, total=at.total or at.done, detail=at.detail)


def targets() -> ImportTargets:
    known = environment()
    return ImportTargets(
        kafka=address("CARELINE_KAFKA"),
        kpi_address=address("CARELINE_KPI_ADDRESS"),
        elasticsearch=ElasticsearchAccess(
            address("CARELINE_ELASTICSEARCH"),
            known.get("CARELINE_ELASTICSEARCH_API_KEY", ""),
            known.get("CARELINE_ELASTICSEARCH_CA_CERTS", ""),
        ),
        party_key=address("CARELINE_PARTY_KEY"),
    )


@plainly
def replay(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or NDJSON.")],
    mapping: Annotated[
        str,
        typer.Option(help=f"A shipped mapping ({', '.join(list_mappings())}) or your own file."),
    ],
    speed: Annotated[str, typer.Option(help="How many times faster than it happened, or max.")] = (
        "max"
    ),
    shift_to: Annotated[
        str, typer.Option(help="now: move all times so that the file ends now.")
    ] = "",
    longest_wait: Annotated[
        float, typer.Option(help="Seconds: cut longer silences short (with a finite speed).")
    ] = math.inf,
    rejects: Annotated[
        Path | None, typer.Option(help="Where bad rows go; FILE.rejects.csv here by default.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Play a recorded file through every service; return when all of it can be read.

    Doing it again changes nothing: what Careline has already is counted as duplicates.
    """
    if shift_to not in {"", "now"}:
        fail(f"--shift-to {shift_to!r}: only 'now' is known")
    bad_rows = rejects or Path(f"{file.name}.rejects.csv")
    bars = _Bars()
    try:
        with bars.progress:
            result = import_file(
                file,
                load_mapping(mapping),
                targets(),
                speed=parse_speed(speed),
                longest_wait_seconds=longest_wait,
                shift_to_us=SystemClock().now_us() if shift_to else None,
                rejects=bad_rows,
                progress=bars.show,
            )
    except (MappingError, SpeedError, ReplayFileError, ImportFailedError, OSError) as error:
        fail(str(error))
    _tell(result, bad_rows, as_json=as_json)


def _tell(result: ImportResult, bad_rows: Path, *, as_json: bool) -> None:
    if result.rejected:
        console.print(
            f"{result.rejected} bad rows, with their reasons: {bad_rows}", highlight=False
        )
    if as_json:
        print_json(result.as_dict())
    else:
        out.print(
            f"{result.rows} rows: {result.accepted} accepted, {result.duplicates} duplicates, "
            f"{result.rejected} rejected"
        )
