"""``careline demo``: everything on this machine, a day of history, live traffic until Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.panel import Panel

from deploy.local.channel_accounts import accounts_file
from deploy.local.foreground import ending_signals_interrupt
from deploy.local.ports import Ports, free_ports
from deploy.local.progress import Progress
from deploy.local.progress import Steps as StepClock
from deploy.local.run_folder import default_run_dir
from deploy.local.services import SERVICES, party_key
from deploy.local.stack import LocalStack
from services.cli.output import fail, out, plainly
from services.cli.progress import Steps
from services.gateway.importing import (
    ImportFailedError,
    ImportProgress,
    ImportTargets,
    import_file,
)
from services.gateway.replay.mapping import load_mapping
from services.gateway.replay.records import ReplayFileError
from services.kernel.clock import SystemClock
from services.kernel.elastic.connection import ElasticsearchAccess
from services.simulator.domain.brands import ORGANISATION
from services.simulator.domain.rhythm import DAY_US
from services.simulator.history import HistoryError, history_to_continue
from services.simulator.recording import write_period
from services.simulator.sending import (
    AccountsError,
    Sender,
    SendingError,
    Statistics,
    Timetable,
    read_accounts,
)
from services.simulator.story import Story

_SECONDS_PER_MINUTE = 60.0
# About 70 thousand events a day: on two cores the index takes a minute for them.
_RATE = 0.8
_NOTE_SECONDS = 5.0
_SECOND_US = 1_000_000
# Conversations that go on longer are left as they are.
_LONGEST_DAYS = 2
_TELLABLE = (ImportFailedError, ReplayFileError, AccountsError, SendingError, HistoryError)


@plainly
def demo(
    seed: Annotated[int, typer.Option(help="The same seed gives the same people and words.")] = 7,
    rate: Annotated[
        float, typer.Option(help="Events per second of an average day: of the sample and live.")
    ] = _RATE,
    minutes: Annotated[
        float | None, typer.Option(help="End by itself after so long; without it, Ctrl-C does.")
    ] = None,
    live: Annotated[bool, typer.Option(help="Let the day go on, through the gateway.")] = True,
    run_dir: Annotated[
        Path, typer.Option(help="Where data, logs and stack.json are.")
    ] = default_run_dir(),  # noqa: B008
    beside: Annotated[
        bool, typer.Option("--beside", help="Take free ports, beside what runs already.")
    ] = False,
) -> None:
    """Start everything in the foreground, play a sample day and let it go on; Ctrl-C ends it."""
    if rate <= 0 or (minutes is not None and minutes <= 0):
        fail("--rate and --minutes must be above 0")
    stack = LocalStack(run_dir, ports=free_ports(SERVICES) if beside else Ports())
    with ending_signals_interrupt():
        try:
            with Steps() as steps:
                stack.start(steps)
            _announce(f"http://127.0.0.1:{stack.service_ports('wall').http}")
            telling = _Telling(stack, seed, rate)
            with Steps() as steps:
                played = telling.play_past(steps)
            then = "now it goes on live" if live else "nothing more happens"
            out.print(f"{played:,} events were played; {then}.", highlight=False)
            _go_on(telling, live=live, minutes=minutes)
        except _TELLABLE as error:
            fail(str(error))
        finally:
            with Steps() as steps:
                stack.stop(steps)


class _Telling:
    """A story told to a stack: its past by an import, then what comes through the gateway."""

    def __init__(self, stack: LocalStack, seed: int, rate: float) -> None:
        self._stack = stack
        self._clock = SystemClock()
        self._folder = stack.run_dir / "demo"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._noted_at = 0.0
        self.now_us = self._clock.now_us()
        self._history = history_to_continue(
            self._folder / "history.json",
            seed=seed,
            rate=rate,
            earliest_us=self.now_us - DAY_US,
            now_us=self.now_us,
        )
        begun_us = max(self._history.from_us, self.now_us - _LONGEST_DAYS * DAY_US)
        self._story = Story(seed, rate, begun_us)

    def play_past(self, progress: Progress) -> int:
        """Import what the run folder does not know yet of the 24 hours before now; count it."""
        steps = StepClock(progress)
        file = self._folder / "day.ndjson"
        with steps.step("write the sample day") as report:
            for _ in self._story.until(self._history.until_us):
                pass
            rows = write_period(
                file, self._story.until(self.now_us), lambda rows: report(f"{rows:,} events")
            )
        env = self._stack.env
        targets = ImportTargets(
            kafka=env["CARELINE_KAFKA"],
            kpi_address=env["CARELINE_KPI_ADDRESS"],
            elasticsearch=ElasticsearchAccess(env["CARELINE_ELASTICSEARCH"]),
            party_key=party_key(self._stack.run_dir),
        )
        with steps.step("play the sample day") as report:
            import_file(
                file,
                load_mapping("simulated"),
                targets,
                progress=lambda at: report(_in_words(at)),
            )
        self._note(self.now_us)
        return rows

    async def go_on(self, told: Callable[[Statistics], None], seconds: float | None) -> None:
        """Send what happens, as it happens, for so long."""

        def noting(done: Statistics) -> None:
            told(done)
            if time.monotonic() - self._noted_at > _NOTE_SECONDS:
                self._note_sent(done)

        run_dir = self._stack.run_dir
        accounts = read_accounts(accounts_file(run_dir), ORGANISATION, os.environ)
        sender = Sender(
            self._stack.env["CARELINE_GATEWAY_HTTP"], accounts, self._clock, told=noting
        )
        try:
            async with asyncio.timeout(seconds):
                await sender.send(self._story.rest(), Timetable(self.now_us, self.now_us, 1.0))
        except TimeoutError:
            return
        finally:
            self._note_sent(sender.statistics)

    def _note_sent(self, done: Statistics) -> None:
        self._note(self._clock.now_us() - int(done.late_seconds * _SECOND_US))

    def _note(self, until_us: int) -> None:
        self._noted_at = time.monotonic()
        history = msgspec.structs.replace(self._history, until_us=until_us)
        history.write(self._folder / "history.json")


def _in_words(at: ImportProgress) -> str:
    total = "" if at.total is None else f" of {at.total:,}"
    return f"{at.step} {at.done:,}{total} {at.detail}".rstrip()


def _announce(wall: str) -> None:
    lines = (
        f"the wall: {wall}",
        "The last 24 hours are played into it now.",
        "Ctrl-C stops everything.",
    )
    if out.is_terminal:
        out.print(Panel.fit("\n".join(lines), title="Careline", border_style="green"))
    else:
        out.print("\n".join(lines), highlight=False, soft_wrap=True)


def _go_on(telling: _Telling, *, live: bool, minutes: float | None) -> None:
    """Return after the minutes, or at Ctrl-C, which is how a demo ends."""
    seconds = None if minutes is None else minutes * _SECONDS_PER_MINUTE
    try:
        if live:
            _show_live(telling, seconds)
        else:
            threading.Event().wait(seconds)
    except KeyboardInterrupt:
        return


def _show_live(telling: _Telling, seconds: float | None) -> None:
    started = time.monotonic()
    with Steps() as steps:
        steps.started("live")

        def told(done: Statistics) -> None:
            late = f", {done.late_seconds:.0f} s behind" if done.late_seconds >= 1 else ""
            steps.detail("live", f"{done.sent:,} events through the gateway{late}")

        asyncio.run(telling.go_on(told, seconds))
        steps.finished("live", time.monotonic() - started)
