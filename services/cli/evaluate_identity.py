"""``careline evaluate identity``: stream a labelled file through the matching, and score it."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from services.cli.identity_records import kinds_of, opened, rows_of
from services.cli.output import console, fail, out, plainly, print_json
from services.cli.progress import counting_bar
from services.identity.adapters.record_files import RecordFile
from services.identity.matching.measures import Quality, quality
from services.identity.matching.model import Model
from services.identity.matching.resolver import Resolver
from services.identity.matching.training import TooFewRecordsError, train

File = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="Records, as CSV or Parquet.")
]
Truth = Annotated[str, typer.Option("--truth", help="The column that names the true person.")]
Id = Annotated[str | None, typer.Option("--id", help="The column that numbers the records.")]
Source = Annotated[
    str | None, typer.Option("--source", help="At most one record of a source is a person's.")
]
Columns = Annotated[
    Path | None,
    typer.Option("--columns", exists=True, dir_okay=False, help="YAML: column to attribute kind."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

_TOLD_EVERY = 500


@dataclass(slots=True)
class _Run:
    found: list[int]
    true: list[str]
    seconds: list[float]


@plainly
def identity(  # Typer reads them from the parameters
    file: File,
    truth: Truth,
    record_id: Id = None,
    source: Source = None,
    columns: Columns = None,
    as_json: Json = False,
) -> None:
    """Match a file's records in its order, by a model trained on it without the truth."""
    records = opened(file)
    left_out = tuple(each for each in (truth, record_id, source) if each)
    kinds = kinds_of(records, columns, left_out)
    if not as_json:
        told = ", ".join(f"{column} ({kind})" for column, kind in kinds.items())
        console.print(f"matching by: {told}", highlight=False)
    started = time.perf_counter()
    try:
        with console.status("training") as status:
            model = train(kinds, rows_of(records), lambda step: status.update(f"training: {step}"))
    except TooFewRecordsError as error:
        fail(f"{file}: {error}")
    trained = time.perf_counter() - started
    run = _stream(records, model, truth, source)
    _report(quality(run.found, run.true), run, model, trained, as_json)


def _stream(records: RecordFile, model: Model, truth: str, source: str | None) -> _Run:
    resolver, run = Resolver(model), _Run([], [], [])
    with counting_bar() as bar:
        task = bar.add_task("matching", total=model.trained_on, detail="")
        for number, row in enumerate(rows_of(records)):
            started = time.perf_counter()
            resolver.take(row, (row[source].strip() or None) if source else None)
            run.seconds.append(time.perf_counter() - started)
            run.true.append(row[truth].strip() or f"\0{number}")
            if number % _TOLD_EVERY == 0:
                bar.update(task, completed=number)
        bar.update(task, completed=len(run.true))
    run.found = list(resolver.customers.of_record)
    return run


def _report(found: Quality, run: _Run, model: Model, trained: float, as_json: bool) -> None:
    figures: dict[str, float | int | str] = {
        "records": len(run.true),
        "true_persons": len(set(run.true)),
        **{
            key: round(value, 4) if isinstance(value, float) else value
            for key, value in asdict(found).items()
        },
        "records_per_second": round(len(run.seconds) / sum(run.seconds)),
        "p50_ms": round(_percentile(run.seconds, 50) * 1e3, 3),
        "p99_ms": round(_percentile(run.seconds, 99) * 1e3, 3),
        "training_seconds": round(trained, 1),
        "model_version": model.version,
    }
    if as_json:
        print_json(figures)
        return
    for key, value in figures.items():
        out.print(f"{key.replace('_', ' '):<22} {value}", highlight=False, markup=False)


def _percentile(values: list[float], share: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * share // 100)]
