"""Find a full JDK: Elasticsearch asks for modules that a mere Java runtime lacks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import JdkNotFoundError

MINIMUM_VERSION = 21
REQUIRED_MODULES = frozenset({"jdk.incubator.vector", "jdk.jdi", "jdk.jlink"})

# Folders whose entries are JDK homes, by habit of distributions and installers.
_FOLDERS = (
    "/usr/lib/jvm",
    "/usr/java",
    "/opt/java",
    "/Library/Java/JavaVirtualMachines",
    "~/.sdkman/candidates/java",
    "~/.jdks",
)


@dataclass(frozen=True, slots=True)
class Jdk:
    home: Path
    version: int

    @property
    def java(self) -> Path:
        return self.home / "bin" / "java"


def find_jdk(
    environ: Mapping[str, str] | None = None, folders: Sequence[str | Path] = _FOLDERS
) -> Jdk:
    """Return the JDK of JAVA_HOME, else of PATH, else the newest suitable one of the machine."""
    environ = os.environ if environ is None else environ
    rejected: dict[Path, str] = {}
    for home in filter(None, _named_homes(environ)):
        jdk = _inspect(home, rejected)
        if jdk is not None:
            return jdk
        rejected.setdefault(home, "has no bin/java")
    installed = [jdk for home in _installed_homes(folders) if (jdk := _inspect(home, rejected))]
    if installed:
        return max(installed, key=lambda jdk: (jdk.version, str(jdk.home)))
    seen = "; ".join(f"{home} {reason}" for home, reason in rejected.items())
    raise JdkNotFoundError(
        f"No JDK {MINIMUM_VERSION} or newer was found: install one (a full JDK such as Eclipse "
        "Temurin 25, not a JRE) or set JAVA_HOME to it" + (f" (seen: {seen})." if seen else ".")
    )


def _named_homes(environ: Mapping[str, str]) -> Iterator[Path | None]:
    if environ.get("JAVA_HOME"):
        yield Path(environ["JAVA_HOME"])
    java = shutil.which("java", path=environ.get("PATH", ""))
    if java is not None:
        yield Path(java).resolve().parents[1]
    yield _macos_home()


def _macos_home() -> Path | None:
    """Ask macOS; its /usr/bin/java is a stub that opens an installer, so PATH says nothing."""
    tool = Path("/usr/libexec/java_home")
    if sys.platform != "darwin" or not tool.exists():
        return None
    answer = subprocess.run(  # noqa: S603  no shell; the runner's own arguments
        [str(tool), "-v", f"{MINIMUM_VERSION}+"], capture_output=True, text=True, check=False
    )
    return Path(answer.stdout.strip()) if answer.returncode == 0 else None


def _installed_homes(folders: Sequence[str | Path]) -> Iterator[Path]:
    for folder in folders:
        root = Path(folder).expanduser()
        if not root.is_dir():
            continue
        for entry in sorted(root.iterdir()):
            bundle = entry / "Contents" / "Home"
            yield (bundle if bundle.is_dir() else entry).resolve()


def _inspect(home: Path, rejected: dict[Path, str]) -> Jdk | None:
    """Read the ``release`` file of a Java home; note why it is not suitable."""
    if home in rejected or not (home / "bin" / "java").exists():
        return None
    try:
        release = (home / "release").read_text(encoding="utf-8")
    except FileNotFoundError:
        rejected[home] = "has no release file"
        return None
    version = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', release, re.MULTILINE)
    modules = re.search(r'^MODULES="([^"]*)"', release, re.MULTILINE)
    if version is None or int(version[1]) < MINIMUM_VERSION:
        rejected[home] = f"is version {version[1]}" if version else "names no version"
        return None
    missing = REQUIRED_MODULES - set(modules[1].split() if modules else ())
    if missing:
        rejected[home] = f"lacks {', '.join(sorted(missing))}"
        return None
    return Jdk(home, int(version[1]))
