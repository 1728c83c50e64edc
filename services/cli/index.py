"""``careline index``: prove that Elasticsearch equals the log, or build it anew from it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.status import Status

from services.cli.connection import address, environment
from services.cli.output import FAILED, console, out, plainly, print_json, print_table
from services.indexer.bootstrap import compare_index, rebuild_index
from services.indexer.domain.comparison import Comparison
from services.indexer.replaying import Progress
from services.kernel.elastic.connection import ElasticsearchAccess

app = typer.Typer(help="Compare Elasticsearch with the log, or rebuild it.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class _Report:
    """Shows what is being done while it is done."""

    def __init__(self, on: Console) -> None:
        self.status = Status("", console=on)

    def __call__(self, at: Progress) -> None:
        self.status.update(f"{at.phase}: {at.done:,}")


def _access() -> ElasticsearchAccess:
    known = environment()
    return ElasticsearchAccess(
        address("CARELINE_ELASTICSEARCH"),
        known.get("CARELINE_ELASTICSEARCH_API_KEY", ""),
        known.get("CARELINE_ELASTICSEARCH_CA_CERTS", ""),
    )


@app.command()
@plainly
def compare(as_json: Json = False) -> None:
    """Compare ids and contents at fixed offsets; exit 1 where they differ."""
    report = _Report(console)
    with report.status:
        found = asyncio.run(compare_index(address("CARELINE_KAFKA"), _access(), report))
    if as_json:
        print_json(found.as_dict())
    else:
        _show(found)
    if not found.equal:
        raise typer.Exit(FAILED)


def _show(found: Comparison) -> None:
    print_table(
        "Elasticsearch equals the log" if found.equal else "Elasticsearch differs from the log",
        ["collection", "in log", "in index", "missing", "extra", "different"],
        [
            (name, each.in_log, each.in_index, each.missing, each.extra, each.different)
            for name, each in found.collections.items()
        ],
    )
    offsets = ", ".join(
        f"{partition}: {span.begin}–{span.end}" for partition, span in sorted(found.offsets.items())
    )
    out.print(f"offsets (by partition) {offsets}", highlight=False)
    for name, each in found.collections.items():
        for kind in ("missing", "extra", "different"):
            for example in getattr(each, f"{kind}_examples")[:5]:
                out.print(f"  {kind} in {name}: {example}", highlight=False)


@app.command()
@plainly
def rebuild(
    discard_unfinished: Annotated[
        bool, typer.Option(help="First remove what a broken-off rebuild has left.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Build the indices anew from the log while indexing goes on, then swap the aliases."""
    report = _Report(console)
    with report.status:
        rebuilt = asyncio.run(
            rebuild_index(
                address("CARELINE_KAFKA"),
                _access(),
                report,
                discard_unfinished=discard_unfinished,
            )
        )
    if as_json:
        print_json(rebuilt.as_dict())
    else:
        out.print(f"rebuilt: {rebuilt.events} events, {rebuilt.conversations} conversations")
