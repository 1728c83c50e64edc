"""``careline demo``: everything on this machine, a day of history, live traffic until Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.panel import Panel

from deploy.local.channel_accounts import accounts_file
from deploy.local.foreground import ending_signals_interrupt
from deploy.local.ports import Ports, free_ports
from deploy.local.run_folder import default_run_dir
from deploy.local.services import SERVICES, party_key
from deploy.local.stack import LocalStack
from services.cli.output import console, fail, out, plainly
from services.cli.progress import Steps, counting_bar
from services.cli.replay import ImportBars
from services.cli.simulate import WRITTEN_RATE
from services.gateway.importing import ImportFailedError, ImportResult, ImportTargets, import_file
from services.gateway.replay.mapping import load_mapping
from services.gateway.replay.records import ReplayFileError
from services.kernel.clock import SystemClock
from services.kernel.elastic.connection import ElasticsearchAccess
from services.simulator.domain.brands import ORGANISATION
from services.simulator.domain.rhythm import DAY_US
from services.simulator.recording import write_period
from services.simulator.runs import Run, calendar_period, endless_run
from services.simulator.sending import (
    AccountsError,
    Sender,
    SendingError,
    Statistics,
    read_accounts,
)

_SECONDS_PER_MINUTE = 60.0


@plainly
def demo(
    seed: Annotated[int, typer.Option(help="The same seed gives the same people and words.")] = 7,
    rate: Annotated[float, typer.Option(help="Live events per second, on the average.")] = 5.0,
    minutes: Annotated[
        float | None, typer.Option(help="End by itself after so long; without it, Ctrl-C does.")
    ] = None,
    live: Annotated[bool, typer.Option(help="Keep events flowing after the sample day.")] = True,
    run_dir: Annotated[
        Path, typer.Option(help="Where data, logs and stack.json are.")
    ] = default_run_dir(),  # noqa: B008
    beside: Annotated[
        bool, typer.Option("--beside", help="Take free ports, beside what runs already.")
    ] = False,
) -> None:
    """Start everything in the foreground, play a sample day, keep events coming; Ctrl-C ends it."""
    if rate <= 0 or (minutes is not None and minutes <= 0):
        fail("--rate and --minutes must be above 0")
    stack = LocalStack(run_dir, ports=free_ports(SERVICES) if beside else Ports())
    with ending_signals_interrupt():
        try:
            with Steps() as steps:
                stack.start(steps)
            wall = f"http://127.0.0.1:{stack.service_ports('wall').http}"
            _announce(wall)
            day = _play_day(stack, seed)
            _tell(wall, day, rate if live else None)
            _go_on(stack, seed, rate if live else None, minutes)
        finally:
            with Steps() as steps:
                stack.stop(steps)


def _announce(wall: str) -> None:
    console.print(f"The wall is up at {wall} and fills with a sample day now.", highlight=False)


def _play_day(stack: LocalStack, seed: int) -> ImportResult:
    """Import the day that ends now. What an earlier demo imported of it counts as duplicates."""
    file = stack.run_dir / "demo" / "day.ndjson"
    file.parent.mkdir(parents=True, exist_ok=True)
    now_us = SystemClock().now_us()
    bar = counting_bar()
    with bar:
        task = bar.add_task("writing the day", total=None, detail="")
        write_period(
            file,
            calendar_period(seed, now_us - DAY_US, now_us, WRITTEN_RATE),
            lambda rows: bar.update(task, completed=rows, total=rows),
        )
    targets = ImportTargets(
        kafka=stack.env["CARELINE_KAFKA"],
        kpi_address=stack.env["CARELINE_KPI_ADDRESS"],
        elasticsearch=ElasticsearchAccess(stack.env["CARELINE_ELASTICSEARCH"]),
        party_key=party_key(stack.run_dir),
    )
    bars = ImportBars()
    try:
        with bars.progress:
            return import_file(file, load_mapping("simulated"), targets, progress=bars.show)
    except (ImportFailedError, ReplayFileError) as error:
        fail(str(error))


def _tell(wall: str, day: ImportResult, rate: float | None) -> None:
    live = "nothing live" if rate is None else f"{rate:g} live events a second"
    lines = (
        f"the wall: {wall}",
        f"{day.accepted + day.duplicates} events of the last 24 hours, and {live}",
        "Ctrl-C stops everything",
    )
    if out.is_terminal:
        out.print(Panel.fit("\n".join(lines), title="Careline", border_style="green"))
    else:
        out.print("\n".join(lines), highlight=False, soft_wrap=True)


def _go_on(stack: LocalStack, seed: int, rate: float | None, minutes: float | None) -> None:
    """Return after the minutes, or at Ctrl-C, which is how a demo ends."""
    seconds = None if minutes is None else minutes * _SECONDS_PER_MINUTE
    try:
        if rate is None:
            threading.Event().wait(seconds)
        else:
            _keep_sending(stack, seed, rate, seconds)
    except KeyboardInterrupt:
        return


def _keep_sending(stack: LocalStack, seed: int, rate: float, seconds: float | None) -> None:
    run = endless_run(seed, SystemClock().now_us(), rate)
    started = time.monotonic()
    with Steps() as steps:

        def told(done: Statistics) -> None:
            per_second = done.sent / (time.monotonic() - started)
            steps.detail("live", f"{done.sent} events, {per_second:.1f} per second")

        steps.started("live")
        try:
            accounts = read_accounts(accounts_file(stack.run_dir), ORGANISATION, os.environ)
            gateway = stack.env["CARELINE_GATEWAY_HTTP"]
            sender = Sender(gateway, accounts, SystemClock(), told=told)
            asyncio.run(_send_for(sender, run, seconds))
        except (AccountsError, SendingError) as error:
            fail(str(error))
        steps.finished("live", time.monotonic() - started)


async def _send_for(sender: Sender, run: Run, seconds: float | None) -> None:
    """Send until the run ends, or the seconds are over."""
    try:
        async with asyncio.timeout(seconds):
            await sender.send(run.actions, run.timetable)
    except TimeoutError:
        return
