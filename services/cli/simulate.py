"""``careline simulate``: a support organisation that does not exist, through the real gateway."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from services.cli.connection import address
from services.cli.kpi import parse_time
from services.cli.output import fail, out, plainly, print_json, print_table
from services.cli.progress import counting_bar
from services.gateway.replay.pacing import SpeedError, parse_speed
from services.kernel.clock import SystemClock, to_iso
from services.simulator.domain.actions import Action
from services.simulator.domain.brands import ORGANISATION
from services.simulator.recording import write_period
from services.simulator.runs import Run, live_run, period
from services.simulator.sending import (
    AccountsError,
    Sender,
    SendingError,
    Statistics,
    read_accounts,
)

_MINUTE_US = 60_000_000
_LIVE_MINUTES = 10.0
_WRITTEN_MINUTES = 24 * 60.0
_LIVE_RATE = 20.0
# About 60 thousand events a day.
WRITTEN_RATE = 0.7


@plainly
def simulate(
    seed: Annotated[int, typer.Option(help="The same seed gives the same people and words.")] = 7,
    minutes: Annotated[
        float | None,
        typer.Option(help="For how long: 10; with --write the length of the period, a day."),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(help="Events per second on the average: 20; with --write 0.7 of model time."),
    ] = None,
    speed: Annotated[
        str,
        typer.Option(help="Seconds of the model in one of ours; max: without waiting, ending now."),
    ] = "60",
    crisis: Annotated[bool, typer.Option(help="Let one thing break in the second half.")] = True,
    write: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Write NDJSON for `careline replay` instead of sending."),
    ] = None,
    from_: Annotated[
        str, typer.Option("--from", help="With --write: where the period begins (ISO 8601).")
    ] = "",
    organisation: Annotated[
        str, typer.Option(help="Whose accounts of the accounts file send.")
    ] = ORGANISATION,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Play customers and agents: sent to the gateway as their channels would, or into a file."""
    if (minutes is not None and minutes <= 0) or (rate is not None and rate <= 0):
        fail("--minutes and --rate must be above 0")
    now_us = SystemClock().now_us()
    if write is not None:
        length_us = int((minutes or _WRITTEN_MINUTES) * _MINUTE_US)
        from_us = parse_time(from_) if from_ else now_us - length_us
        actions = period(seed, from_us, from_us + length_us, rate or WRITTEN_RATE, crisis=crisis)
        _write(write, actions, from_us, from_us + length_us, as_json=as_json)
        return
    if from_:
        fail("--from is for --write: what is sent happens now")
    try:
        parsed = parse_speed(speed)
    except SpeedError as error:
        fail(str(error))
    seconds = 60 * (minutes or _LIVE_MINUTES)
    # Looked up first: sizing takes a moment.
    gateway, accounts = address("CARELINE_GATEWAY_HTTP"), Path(address("CARELINE_ACCOUNTS"))
    run = live_run(seed, now_us, seconds, rate=rate or _LIVE_RATE, speed=parsed, crisis=crisis)
    _send(run, gateway, accounts, organisation, as_json=as_json)


def _write(
    path: Path, actions: Iterator[Action], from_us: int, to_us: int, *, as_json: bool
) -> None:
    bar = counting_bar()
    with bar:
        task = bar.add_task("writing", total=None, detail="")
        try:
            rows = write_period(path, actions, lambda done: bar.update(task, completed=done))
        except OSError as error:
            fail(f"{path}: cannot be written ({error.strerror})")
    if as_json:
        print_json({"rows": rows, "from": to_iso(from_us), "to": to_iso(to_us), "file": str(path)})
    else:
        out.print(
            f"{rows} rows in {path}; play them with: "
            f"careline replay {path} --mapping simulated --shift-to now"
        )


def _send(run: Run, gateway: str, accounts: Path, organisation: str, *, as_json: bool) -> None:
    bar = counting_bar()
    with bar:
        task = bar.add_task("sending", total=run.events, detail="")

        def told(done: Statistics) -> None:
            late = f"{done.late_seconds:.0f} s behind" if done.late_seconds >= 1 else ""
            retries = f"{done.retries} retries" if done.retries else ""
            detail = ", ".join(filter(None, (late, retries)))
            bar.update(task, completed=done.sent, detail=detail)

        started = time.monotonic()
        try:
            sender = Sender(
                gateway,
                read_accounts(accounts, organisation, os.environ),
                SystemClock(),
                told=told,
            )
            asyncio.run(sender.send(run.actions, run.timetable))
        except (AccountsError, SendingError) as error:
            fail(str(error))
        seconds = time.monotonic() - started
    _tell(sender.statistics, seconds, as_json=as_json)


def _tell(done: Statistics, seconds: float, *, as_json: bool) -> None:
    if as_json:
        print_json({**done.as_dict(), "seconds": round(seconds, 1)})
        return
    out.print(
        f"{done.accepted} events accepted in {seconds:.0f} s, {done.duplicates} duplicates, "
        f"{done.retries} retries"
    )
    print_table("By channel", ["channel", "events"], sorted(done.by_channel.items()))
