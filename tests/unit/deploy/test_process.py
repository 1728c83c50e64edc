from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.child import Child, Command
from deploy.local.errors import LocalStackError, StartError
from deploy.local.pids import identify
from deploy.local.process import Backoff, Process, ProcessSpec, State
from deploy.local.supervisor import Supervisor
from deploy.local.waiting import wait_until

Start = Callable[..., Process]

QUICK = Backoff(first_seconds=0.01, ceiling_seconds=0.02)
DEADLINE = 10.0

CRASH_TWICE_THEN_WAIT = """
import pathlib, signal, sys
lives = pathlib.Path("lives")
count = int(lives.read_text()) if lives.exists() else 0
lives.write_text(str(count + 1))
print("life", count, flush=True)
if count < 2:
    sys.exit(3)
pathlib.Path("ready").touch()
signal.pause()
"""

IGNORE_SIGTERM = """
import pathlib, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path("ready").touch()
while True:
    signal.pause()
"""

# A leader that ends at SIGTERM, and a member of its group that does not.
STUBBORN_MEMBER = """
import os, pathlib, signal
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pathlib.Path("member").write_text(str(os.getpid()))
    pathlib.Path("ready").touch()
signal.pause()
"""


def test_pauses_double_up_to_the_ceiling() -> None:
    backoff = Backoff()

    assert [backoff.pause(crashes) for crashes in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]
    assert backoff.pause(10_000) == 30


def test_a_crashed_process_is_restarted_until_it_lives(start: Start, tmp_path: Path) -> None:
    process = start(CRASH_TWICE_THEN_WAIT, backoff=QUICK)

    process.wait_restarted(seconds=DEADLINE)

    assert process.state is State.RUNNING
    assert (process.restarts, process.last_exit) == (2, 3)
    assert process.spec.command.log.read_text().splitlines() == ["life 0", "life 1", "life 2"]


def test_a_killed_process_comes_back_under_another_pid(start: Start) -> None:
    process = start(backoff=QUICK)
    process.wait_ready(seconds=DEADLINE)
    first = process.pid

    process.kill()

    assert wait_until(lambda: process.pid not in (None, first), seconds=DEADLINE)
    assert process.restarts == 1
    assert process.last_exit == -signal.SIGKILL


def test_a_process_killed_for_good_stays_down_until_it_is_started(
    start: Start, tmp_path: Path
) -> None:
    process = start(backoff=QUICK)
    process.wait_ready(seconds=DEADLINE)

    process.kill(restart=False)
    assert (process.state, process.pid) == (State.STOPPED, None)

    (tmp_path / "ready").unlink()
    process.start()
    process.wait_ready(seconds=DEADLINE)
    assert process.restarts == 0


def test_without_backoff_a_crash_stays_a_crash(start: Start) -> None:
    process = start("import sys; sys.exit(1)")

    assert wait_until(lambda: process.last_exit == 1, seconds=DEADLINE)
    assert process.state is State.CRASHED


def test_a_process_that_dies_at_its_start_is_reported_with_the_end_of_its_log(
    start: Start,
) -> None:
    process = start("print('CARELINE_KAFKA is not set', flush=True); raise SystemExit(2)")

    with pytest.raises(StartError) as caught:
        process.wait_ready(seconds=DEADLINE)

    assert "tiny ended with exit code 2" in str(caught.value)
    assert caught.value.last_lines == ("CARELINE_KAFKA is not set",)


def test_a_crash_between_two_questions_is_reported_although_the_process_is_back(
    start: Start,
) -> None:
    process = start(CRASH_TWICE_THEN_WAIT, backoff=QUICK)
    process.wait_restarted(seconds=DEADLINE)

    with pytest.raises(StartError, match="tiny ended with exit code 3"):
        process.is_ready()


def test_a_process_that_never_becomes_healthy_is_reported_at_the_deadline(start: Start) -> None:
    process = start("import signal; print('waiting', flush=True); signal.pause()")
    assert wait_until(lambda: process.spec.command.log.stat().st_size > 0, seconds=DEADLINE)

    with pytest.raises(StartError, match=r"not healthy within 0\.01 s(.|\n)*waiting"):
        process.wait_ready(seconds=0.01)


def test_only_the_lines_of_the_last_start_are_shown(start: Start) -> None:
    first = start("print('first', flush=True); raise SystemExit(1)")
    assert wait_until(lambda: first.last_exit == 1, seconds=DEADLINE)
    second = start("print('second', flush=True); raise SystemExit(1)")

    with pytest.raises(StartError) as caught:
        second.wait_ready(seconds=DEADLINE)

    assert caught.value.last_lines == ("second",)


def test_stop_is_orderly_where_sigterm_is_heard(start: Start) -> None:
    process = start(backoff=QUICK)
    process.wait_ready(seconds=DEADLINE)

    assert process.stop(seconds=DEADLINE)
    assert (process.state, process.restarts) == (State.STOPPED, 0)


def test_what_does_not_hear_sigterm_is_killed_at_the_deadline(start: Start) -> None:
    process = start(IGNORE_SIGTERM)
    process.wait_ready(seconds=DEADLINE)

    assert not process.stop(seconds=0.05)
    assert process.state is State.STOPPED


def test_a_member_of_the_group_does_not_outlive_its_leader(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.local.child._GROUP_SECONDS", 0.05)
    process = start(STUBBORN_MEMBER)
    process.wait_ready(seconds=DEADLINE)
    member = int((tmp_path / "member").read_text())

    assert not process.stop(seconds=DEADLINE)
    assert wait_until(lambda: identify(member) is None, seconds=DEADLINE)


def test_a_frozen_process_is_shown_thawed_and_can_be_stopped(start: Start) -> None:
    process = start()
    process.wait_ready(seconds=DEADLINE)
    pid = process.pid
    stat = Path(f"/proc/{pid}/stat")

    states = []
    process.freeze()
    states.append(process.state)
    if stat.exists():
        assert wait_until(lambda: stat.read_text().split()[2] == "T", seconds=DEADLINE)
    process.thaw()
    states.append(process.state)
    process.freeze()

    assert process.stop(seconds=DEADLINE)
    assert [*states, process.state] == [State.FROZEN, State.RUNNING, State.STOPPED]


def test_a_stopped_process_cannot_be_frozen(start: Start) -> None:
    process = start()
    process.stop(seconds=DEADLINE)

    with pytest.raises(LocalStackError, match="tiny is not running"):
        process.freeze()


def test_a_running_process_is_not_started_twice(start: Start) -> None:
    process = start()

    with pytest.raises(LocalStackError, match="already runs as process"):
        process.start()


def test_a_supervisor_stops_in_reverse_order_and_names_what_it_killed(
    tmp_path: Path, command: Callable[..., Command], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    ask_to_stop = Process.ask_to_stop

    def spy(process: Process) -> None:
        asked.append(process.name)
        ask_to_stop(process)

    monkeypatch.setattr(Process, "ask_to_stop", spy)
    supervisor = Supervisor(lambda: None)
    scripts = {"meek": "import signal; signal.pause()", "stubborn": IGNORE_SIGTERM}
    for name, script in scripts.items():
        supervisor.start(ProcessSpec(name=name, command=command(script), ready=lambda: True))
    assert wait_until((tmp_path / "ready").exists, seconds=DEADLINE)

    killed = supervisor.stop(["meek", "stubborn"], seconds=0.2)

    assert killed == ["stubborn"]
    assert asked[:2] == ["stubborn", "meek"]
    assert list(supervisor) == []
    with pytest.raises(LocalStackError, match="no process 'meek' in the stack"):
        supervisor["meek"]


def test_waiting_reports_each_as_it_becomes_healthy_and_fails_with_the_first_that_ends(
    command: Callable[..., Command],
) -> None:
    supervisor = Supervisor(lambda: None)
    healthy: list[str] = []
    well, ill = command("import signal; signal.pause()"), command("raise SystemExit(7)")
    supervisor.start(ProcessSpec(name="well", command=well, ready=lambda: True))
    supervisor.start(ProcessSpec(name="ill", command=ill, ready=lambda: False))
    try:
        with pytest.raises(StartError, match="ill ended with exit code 7"):
            supervisor.wait_ready(["well", "ill"], seconds=DEADLINE, on_ready=healthy.append)
        assert healthy == ["well"]
    finally:
        supervisor.kill_all()


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_a_child_dies_with_its_runner_even_when_that_is_killed(tmp_path: Path) -> None:
    runner = f"""
import pathlib, signal, sys, threading
from deploy.local.child import Child, Command
def start():
    child = Child(Command(argv=[sys.executable, "-c", "import signal; signal.pause()"],
                          log=pathlib.Path({str(tmp_path / "log")!r}),
                          cwd=pathlib.Path({str(tmp_path)!r}), env={{}}))
    print(child.pid, flush=True)
# The thread that starts it ends at once: that must not end the child.
thread = threading.Thread(target=start)
thread.start()
thread.join()
print("joined", flush=True)
signal.pause()
"""
    with subprocess.Popen(
        [sys.executable, "-c", runner], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        assert process.stdout.readline() == "joined\n"
        assert identify(child) is not None
        process.kill()
        process.wait()

    assert wait_until(lambda: identify(child) is None, seconds=DEADLINE)


def test_a_tether_whose_parent_is_gone_runs_nothing(
    tmp_path: Path, command: Callable[..., Command], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1)
    child = Child(command("open('ran', 'w')"))

    assert child.wait() == (1 if sys.platform == "linux" else 0)
    assert (tmp_path / "ran").exists() is (sys.platform != "linux")
