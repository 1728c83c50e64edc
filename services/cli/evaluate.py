"""``careline evaluate``: measure Careline on cases and data of your own."""

from __future__ import annotations

import typer

from services.cli.lazy import lazily

EVALUATIONS = {
    "sla": "services.cli.evaluate_sla:sla",
    "channels": "services.cli.evaluate_channels:channels",
    "identity": "services.cli.evaluate_identity:identity",
}

app = typer.Typer(
    cls=lazily(EVALUATIONS),
    help="Measure Careline on cases and data of your own.",
    no_args_is_help=True,
)


@app.callback()
def evaluate() -> None:
    """Hold the evaluations together; each is imported when it is asked for."""
