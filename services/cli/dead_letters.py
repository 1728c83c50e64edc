"""``careline dead-letters``: what could not be understood, and how it gets another chance."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from services.cli.connection import address
from services.cli.output import fail, out, plainly, print_json, print_table
from services.kernel.kafka.dead_letters import (
    count_waiting,
    dead_letter_topics,
    put_back,
    waiting_letters,
)

app = typer.Typer(
    help="Look at events that could not be understood and replay them.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Topic = Annotated[str, typer.Argument(help="A dead-letter topic; all of them when left out.")]


def _chosen(name: str) -> list[str]:
    known = dead_letter_topics()
    if name and name not in known:
        fail(f"{name!r} is no dead-letter topic; there are: {', '.join(known)}")
    return [name] if name else list(known)


@app.command("list")
@plainly
def list_letters(topic: Topic = "", as_json: Json = False) -> None:
    """Show the dead letters that were not replayed, with their reasons."""
    kafka = address("CARELINE_KAFKA")
    names = _chosen(topic)
    counted = {waiting.topic for waiting in count_waiting(kafka) if waiting.count}
    letters = [
        letter for name in names if name in counted for letter in waiting_letters(kafka, name)
    ]
    if as_json:
        print_json(
            [
                {
                    "topic": letter.topic,
                    "partition": letter.partition,
                    "offset": letter.offset,
                    "origin": letter.origin,
                    "lane": letter.lane,
                    "reason": letter.reason,
                    "at": _time(letter.at_ms),
                    "bytes": len(letter.value),
                }
                for letter in letters
            ]
        )
        return
    print_table(
        f"{len(letters)} dead letters",
        ["topic", "origin", "lane", "at", "bytes", "reason"],
        [
            (each.topic, each.origin, each.lane, _time(each.at_ms), len(each.value), each.reason)
            for each in letters
        ],
    )


@app.command()
@plainly
def replay(topic: Topic = "", as_json: Json = False) -> None:
    """Put the waiting dead letters back into the topics they came from, each once."""
    kafka = address("CARELINE_KAFKA")
    replayed = {name: put_back(kafka, name) for name in _chosen(topic)}
    if as_json:
        print_json({"replayed": replayed})
    else:
        out.print(f"replayed {sum(replayed.values())} dead letters")


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat(timespec="seconds")
