"""``careline channels``: what Careline understands, and whether its accounts are in order."""

from __future__ import annotations

import json
import os
from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from services.cli.connection import environment
from services.cli.output import FAILED, fail, plainly, print_json, print_table
from services.gateway.adapters.accounts_file import AccountsFileError, read_accounts
from services.gateway.channels.registry import CHANNELS
from services.gateway.domain.account import Account
from services.gateway.domain.channel import Channel
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError
from services.gateway.normal_form import as_dict, parse_file
from services.gateway.senders.registry import SENDERS
from services.gateway.sources.registry import SOURCES

app = typer.Typer(
    help="Look at channels: what they take, what a payload says, whether accounts are in order.",
    no_args_is_help=True,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Kind = Annotated[str, typer.Argument(help="The kind of channel; `careline channels list`.")]
Payload = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="A captured payload: JSON, XML, .eml.")
]
Header = Annotated[
    list[str] | None,
    typer.Option("--header", "-H", help='A header that came with it, "Name: value".'),
]
AccountsOption = Annotated[
    Path | None,
    typer.Option("--accounts", help="The accounts file; else CARELINE_ACCOUNTS says where."),
]


@app.command("list")
@plainly
def list_channels(as_json: Json = False) -> None:
    """Show every kind of channel, its address and its settings."""
    sending = {sender.kind for sender in SENDERS}
    fetching = {source.kind for source in SOURCES}
    rows = [
        {
            "channel": channel.kind,
            "address": f"{channel.path}/<organisation>/<account>" if channel.path else "",
            "ways": [
                *(["in"] if channel.path else []),
                *(["fetched"] if channel.kind in fetching else []),
                *(["out"] if channel.kind in sending else []),
            ],
            "settings": [one.name for one in fields(channel.settings) if one.name != "secrets"],
        }
        for channel in CHANNELS
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        f"{len(rows)} channels",
        ("channel", "address", "ways", "settings"),
        [
            [
                str(row["channel"]),
                str(row["address"]),
                ", ".join(row["ways"]),
                ", ".join(row["settings"]),
            ]
            for row in rows
        ],
    )


@app.command()
@plainly
def parse(channel: Kind, file: Payload, header: Header = None) -> None:
    """Print what Careline understands of a payload: one JSON object a line and event.

    Nothing is verified and nothing is sent anywhere.
    """
    request = InboundRequest(file.read_bytes(), _headers(header or []))
    try:
        events = parse_file(_channel(channel), request)
    except InvalidRequestError as error:
        fail(f"{file}: {error.place} {error.problem}")
    for event in events:
        typer.echo(json.dumps(as_dict(event), ensure_ascii=False))


@app.command()
@plainly
def check(accounts: AccountsOption = None, as_json: Json = False) -> None:
    """Read the accounts file as the gateway does; exit 1 when an account cannot work."""
    found = environment()
    path = accounts or Path(found.get("CARELINE_ACCOUNTS", ""))
    if not path.name:
        fail("no accounts file: name one with --accounts, or set CARELINE_ACCOUNTS")
    try:
        read = read_accounts(path, CHANNELS, os.environ)
    except AccountsFileError as error:
        fail(str(error))
    rows = [_checked(account) for account in read]
    if as_json:
        print_json(rows)
    else:
        print_table(
            f"{len(rows)} accounts in {path}",
            ["channel", "organisation", "account", "address", "state"],
            [list(row.values()) for row in rows],
        )
    if any(row["state"] != "ok" for row in rows):
        raise typer.Exit(FAILED)


def _checked(account: Account) -> dict[str, str]:
    channel = _channel(account.channel)
    address = f"{channel.path}/{account.organisation}/{account.account}" if channel.path else ""
    fetched = any(one.kind == account.channel and one.wanted(account.settings) for one in SOURCES)
    refused = bool(channel.path) and not account.secrets and not fetched
    return {
        "channel": account.channel,
        "organisation": account.organisation,
        "account": account.account,
        "address": address,
        "state": "no secret: every request is refused" if refused else "ok",
    }


def _channel(kind: str) -> Channel:
    known = {channel.kind: channel for channel in CHANNELS}
    if kind not in known:
        fail(f"{kind!r} is no channel; there are: {', '.join(sorted(known))}")
    return known[kind]


def _headers(given: list[str]) -> dict[str, str]:
    headers = {}
    for line in given:
        name, colon, value = line.partition(":")
        if not colon:
            fail(f'--header {line!r}: write it as "Name: value"')
        headers[name.strip().lower()] = value.strip()
    return headers
