"""``careline identity``: train the weights by which customers are matched."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.cli.identity_records import kinds_of, opened, rows_of
from services.cli.output import console, fail, out, plainly
from services.identity.matching.model import dump
from services.identity.matching.training import TooFewRecordsError
from services.identity.matching.training import train as trained

app = typer.Typer(help="The weights by which customers are matched.", no_args_is_help=True)

File = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="Records, as CSV or Parquet.")
]
Columns = Annotated[
    Path | None,
    typer.Option("--columns", exists=True, dir_okay=False, help="YAML: column to attribute kind."),
]
Output = Annotated[Path, typer.Option("-o", "--output", help="Where to write the model.")]


@app.callback()
def identity() -> None:
    """Keep ``train`` a command of its own."""


@app.command()
@plainly
def train(file: File, output: Output, columns: Columns = None) -> None:
    """Learn the weights from records without labels: same file, same bytes."""
    records = opened(file)
    kinds = kinds_of(records, columns, ())
    try:
        with console.status("training") as status:
            model = trained(
                kinds, rows_of(records), lambda step: status.update(f"training: {step}")
            )
    except TooFewRecordsError as error:
        fail(f"{file}: {error}")
    output.write_text(dump(model), encoding="utf-8")
    out.print(
        f"wrote {output}: version {model.version}, {model.trained_on} records, "
        f"{len(model.comparisons)} comparisons",
        highlight=False,
        markup=False,
    )
