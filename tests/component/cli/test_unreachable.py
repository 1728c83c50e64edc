"""What the command says, and ends with, when something it needs does not answer."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from kafka.errors import KafkaTimeoutError
from typer.testing import CliRunner

from services.cli import stack
from services.cli.output import UNREACHABLE, plainly

NOBODY = "127.0.0.1:9"


def test_kafka_that_does_not_answer_is_told_in_a_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    @plainly
    def command() -> None:
        raise KafkaTimeoutError(f"Unable to bootstrap from {NOBODY}")

    with pytest.raises(typer.Exit) as ended:
        command()
    assert ended.value.exit_code == UNREACHABLE
    assert "Kafka does not do its part" in capsys.readouterr().err


def test_a_bug_keeps_its_trace() -> None:
    @plainly
    def command() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        command()


def test_status_is_told_without_kafka_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def count(_kafka: str) -> Any:
        raise KafkaTimeoutError

    record = SimpleNamespace(processes=(), env={"CARELINE_KAFKA": NOBODY})
    monkeypatch.setattr(stack, "running_stack", lambda _: record)
    monkeypatch.setattr(stack, "inspect", lambda _: [])
    monkeypatch.setattr(stack, "count_waiting", count)
    monkeypatch.setattr(stack, "_RATE_SECONDS", 0.0)
    app = typer.Typer()
    app.command()(stack.status)
    ran = CliRunner().invoke(app, ["--run-dir", str(tmp_path), "--json"])
    assert ran.exit_code == 1
    assert '"healthy": false' in ran.output
    assert '"dead_letters": null' in ran.output
