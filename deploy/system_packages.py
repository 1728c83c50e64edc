"""Programs that no Python package brings, and how Debian and Ubuntu install them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_DEBIAN = Path("/etc/debian_version")
_INSTALL_SECONDS = 600.0


class InstallError(Exception):
    """apt-get did not install the packages; the message has the end of what it said."""


@dataclass(frozen=True, slots=True)
class SystemPackage:
    name: str
    package: str
    used_for: str
    is_present: Callable[[], bool]


def _has_chinese_fonts() -> bool:
    lister = shutil.which("fc-list")
    return lister is not None and bool(_run(lister, ":lang=zh").stdout.strip())


CHROMIUM = SystemPackage(
    "Chromium", "chromium", "the tests of the wall", lambda: shutil.which("chromium") is not None
)
CHINESE_FONTS = SystemPackage(
    "fonts for Chinese", "fonts-noto-cjk", "the tests of the wall", _has_chinese_fonts
)
PROMTOOL = SystemPackage(
    "promtool",
    "prometheus",
    "the tests of the alerts",
    lambda: shutil.which("promtool") is not None,
)

ALL = (CHROMIUM, CHINESE_FONTS, PROMTOOL)


def missing(wanted: Sequence[SystemPackage] = ALL) -> list[SystemPackage]:
    return [each for each in wanted if not each.is_present()]


def can_install() -> bool:
    """Tell whether this process may install: root on Debian or one of its children."""
    return os.geteuid() == 0 and _DEBIAN.exists() and shutil.which("apt-get") is not None


def install(packages: Sequence[SystemPackage]) -> None:
    """Install them with apt-get; raise :class:`InstallError`."""
    names = [each.package for each in packages]
    for arguments in (
        ("update", "--quiet"),
        ("install", "--yes", "--quiet", "--no-install-recommends", *names),
    ):
        outcome = _run("apt-get", "--option", "Acquire::Retries=3", *arguments)
        if outcome.returncode != 0:
            said = (outcome.stdout + outcome.stderr).strip().splitlines()
            raise InstallError(f"apt-get {arguments[0]} failed: {' / '.join(said[-3:])}")


def remedy(packages: Sequence[SystemPackage]) -> str:
    """Return one sentence: what is missing, what for, and what to install."""
    what = "; ".join(f"{each.name} for {each.used_for}" for each in packages)
    names = " ".join(each.package for each in packages)
    return f"missing: {what}. Install it, on Debian with: apt-get install {names}"


def _run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  no shell; the arguments are constants of this module
        argv,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_INSTALL_SECONDS,
        check=False,
    )
