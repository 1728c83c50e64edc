"""``careline evaluate channels``: published examples of how platforms prove their requests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from services.cli.output import FAILED, fail, out, plainly, print_json
from services.gateway.channels.registry import CHANNELS
from services.gateway.conformance import VectorError, run_vectors

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The examples, as JSON.")]


@plainly
def channels(file: File, as_json: Json = False) -> None:
    """Run examples of signed requests: a line per example; exit 1 on a failure."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        fail(f"{file} is not JSON: {error}")
    try:
        results = list(run_vectors(document, CHANNELS))
    except VectorError as error:
        fail(f"{file}: {error}")
    failed = sum(not each.passed for each in results)
    if as_json:
        cases = [
            {
                "case": each.vector_id,
                "verdict": "ok" if each.passed else "failed",
                "reason": each.problem,
            }
            for each in results
        ]
        print_json({"passed": len(results) - failed, "failed": failed, "cases": cases})
    else:
        for each in results:
            line = f"{each.vector_id}: {each.problem or 'ok'}"
            out.print(line, highlight=False, markup=False, soft_wrap=True)
        out.print(f"{len(results) - failed} passed, {failed} failed", highlight=False)
    if failed:
        raise typer.Exit(FAILED)
