"""Run the command: ``careline`` or ``python -m services.cli``."""

from __future__ import annotations

import typer

from services.cli import dead_letters, evaluate, index, kpi, replay, stack, topics

app = typer.Typer(
    name="careline",
    help="Careline: every channel in one log, every promise kept, the truth on the wall.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(stack.up)
app.command()(stack.down)
app.command()(stack.status)
app.command()(replay.replay)
app.add_typer(kpi.app, name="kpi")
app.add_typer(index.app, name="index")
app.add_typer(topics.app, name="topics")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(evaluate.app, name="evaluate")


def main() -> None:
    app()


if __name__ == "__main__":
    main()
