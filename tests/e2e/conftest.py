from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from deploy.local.stack import LocalStack

Careline = Callable[..., Any]

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_DEADLINE_SECONDS = 60.0


def eventually(holds: Callable[[], Any]) -> Any:
    """Wait until it holds and return what it returned; fail after the deadline."""
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while not (found := holds()):
        assert time.monotonic() < deadline, "the deadline has passed"
        time.sleep(0.2)  # between two looks at another process
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("Chromium is not installed: apt-get install chromium fonts-noto-cjk")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        yield browser
        browser.close()


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
