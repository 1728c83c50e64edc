"""How the command speaks: JSON for programs, tables for people, errors in one sentence."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import NoReturn, ParamSpec, TypeVar

import grpc
import typer
from rich.console import Console
from rich.table import Table

from deploy.local.errors import LocalStackError
from services.cli.connection import NotConnectedError

console = Console(stderr=True)
# Programs read standard output; people's tables go there too, progress to standard error.
out = Console()

FAILED = 1
UNREACHABLE = 3

_KAFKA_LIBRARIES = ("kafka.errors", "aiokafka.errors")

P = ParamSpec("P")
R = TypeVar("R")


def print_json(document: object) -> None:
    """Print one JSON document on one line, keys in the order given."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    table = Table(title=title, title_justify="left", header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    for row in rows:
        table.add_row(*("—" if cell is None else str(cell) for cell in row))
    out.print(table)


def fail(message: str, code: int = FAILED) -> NoReturn:
    console.print(f"[bold red]error:[/] {message}", highlight=False)
    raise typer.Exit(code)


def plainly(command: Callable[P, R]) -> Callable[P, R]:
    """Turn the errors a user can mend into one sentence and an exit code; bugs keep their trace."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (NotConnectedError, LocalStackError) as error:
            fail(str(error), UNREACHABLE)
        except grpc.RpcError as error:
            code, details = error.code(), error.details()
            if code == grpc.StatusCode.UNAVAILABLE:
                fail(f"the service does not answer ({details}); see: careline status", UNREACHABLE)
            fail(f"{details} ({code.name})")
        except _kafka_errors() as error:
            fail(f"Kafka does not do its part ({error}); see: careline status", UNREACHABLE)
        except KeyboardInterrupt:
            fail("interrupted", 130)

    return run


def _kafka_errors() -> tuple[type[Exception], ...]:
    """Return the errors of the Kafka libraries that the command has loaded: most load none."""
    loaded = (sys.modules.get(name) for name in _KAFKA_LIBRARIES)
    return tuple(library.KafkaError for library in loaded if library is not None)
