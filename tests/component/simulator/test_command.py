"""``careline simulate``, as a program calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.cli.__main__ import app
from services.gateway.replay.mapping import load_mapping
from services.gateway.replay.plan import plan_replay


def write(file: Path, *options: str, hash_seed: str = "0") -> dict[str, Any]:
    arguments = ["simulate", "--write", str(file), "--minutes", "90", "--rate", "0.2", *options]
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", *arguments, "--json"],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_process_writes_the_same_file_which_can_be_replayed(tmp_path: Path) -> None:
    files = [tmp_path / "first.ndjson", tmp_path / "second.ndjson"]
    told = [
        write(file, "--from", "2026-03-03T12:00:00Z", hash_seed=seed)
        for file, seed in zip(files, ("1", "2"), strict=True)
    ]

    assert files[0].read_bytes() == files[1].read_bytes()
    assert told[0]["to"] == "2026-03-03T13:30:00Z"
    with plan_replay(files[0], load_mapping("simulated")) as plan:
        assert plan.counts.accepted == told[0]["rows"] > 300
        assert plan.counts.rejected == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--minutes", "0"], "--minutes and --rate must be above 0"),
        (["--rate", "-1"], "--minutes and --rate must be above 0"),
        (["--speed", "fast"], "speed 'fast' is not usable"),
        (["--from", "2026-03-03"], "--from is for --write"),
        (["--write", "/nowhere/day.ndjson", "--from", "x"], "'x' is not a time"),
        (["--write", "/nowhere/day.ndjson"], "/nowhere/day.ndjson: cannot be written"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["simulate", *arguments])

    assert result.exit_code == 1
    assert message in " ".join(result.stderr.split())


def test_without_a_stack_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARELINE_RUN_DIR", str(tmp_path))

    result = CliRunner().invoke(app, ["simulate"])

    assert result.exit_code == 3
    assert "CARELINE_GATEWAY_HTTP is not set and no local stack runs" in result.stderr
