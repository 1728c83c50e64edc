"""``careline topics``: the declared topics on the broker."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli.connection import address
from services.cli.output import FAILED, out, plainly, print_json
from services.kernel.kafka.admin import apply_topics, check_topics

app = typer.Typer(help="Create and check the declared topics.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command()
@plainly
def apply(
    replication_factor: Annotated[int, typer.Option(help="Copies of each partition.")] = 1,
    as_json: Json = False,
) -> None:
    """Create every declared topic that is missing."""
    created = apply_topics(address("CARELINE_KAFKA"), replication_factor)
    if as_json:
        print_json({"created": created})
    else:
        out.print(f"created {len(created)} topics" + "".join(f"\n  {name}" for name in created))


@app.command()
@plainly
def check(as_json: Json = False) -> None:
    """Compare the broker's topics with the declarations; exit 1 where they differ."""
    differences = check_topics(address("CARELINE_KAFKA"))
    if as_json:
        print_json([{"topic": each.topic, "problem": each.problem} for each in differences])
    else:
        for each in differences:
            out.print(f"{each.topic} {each.problem}")
        if not differences:
            out.print("all declared topics are there")
    if differences:
        raise typer.Exit(FAILED)
