"""Run the command: ``careline`` or ``python -m services.cli``."""

from __future__ import annotations

import typer

from services.cli.lazy import lazily

COMMANDS = {
    "up": "services.cli.stack:up",
    "down": "services.cli.stack:down",
    "status": "services.cli.stack:status",
    "demo": "services.cli.demo:demo",
    "replay": "services.cli.replay:replay",
    "simulate": "services.cli.simulate:simulate",
    "kpi": "services.cli.kpi:app",
    "index": "services.cli.index:app",
    "topics": "services.cli.topics:app",
    "channels": "services.cli.channels:app",
    "dead-letters": "services.cli.dead_letters:app",
    "evaluate": "services.cli.evaluate:app",
    "identity": "services.cli.identity:app",
}

app = typer.Typer(
    name="careline",
    cls=lazily(COMMANDS),
    help="Careline: every channel in one log, every promise kept, the truth on the wall.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def careline() -> None:
    """Hold the commands together; each is imported when it is asked for."""


def main() -> None:
    app()


if __name__ == "__main__":
    main()
