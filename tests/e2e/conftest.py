from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from deploy.local.stack import LocalStack

Careline = Callable[..., Any]


def run_careline(stack: LocalStack, *arguments: str, code: int = 0) -> str:
    """Run the command as a script would and return what it printed."""
    ran = subprocess.run(
        [sys.executable, "-m", "services.cli", *arguments],
        env={**os.environ, "CARELINE_RUN_DIR": str(stack.run_dir)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == code, f"careline {' '.join(arguments)}: {ran.stderr[-2000:]}"
    return ran.stdout


@pytest.fixture
def careline(whole_stack: LocalStack) -> Careline:
    """Run a command with ``--json`` and return its last document."""

    def run(*arguments: str, code: int = 0) -> Any:
        printed = run_careline(whole_stack, *arguments, "--json", code=code)
        return json.loads(printed.splitlines()[-1])

    return run
