"""Fetch Kafka and Elasticsearch from Maven Central, exactly the pinned files and no others.

``artifacts.toml`` names every file with its SHA-256; ``python -m deploy.local.pin`` writes it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import threading
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jgo.maven import MavenContext, PythonResolver

from deploy.local.cache import exclusive
from deploy.local.errors import ArtifactError

PINS = Path(__file__).with_name("artifacts.toml")
_PARALLEL_DOWNLOADS = 6
_HTTP_TIMEOUT_SECONDS = 30
_MEGABYTE = 1_000_000

Report = Callable[[str], None]


def unreported(_text: str) -> None:
    """Say nothing about the progress."""


@dataclass(frozen=True, slots=True)
class Pin:
    group: str
    artifact: str
    version: str
    packaging: str
    sha256: str

    @classmethod
    def parse(cls, coordinate: str, sha256: str) -> Pin:
        """Read ``group:artifact:packaging:version``."""
        group, artifact, packaging, version = coordinate.split(":")
        return cls(group, artifact, version, packaging, sha256)

    @property
    def coordinate(self) -> str:
        return f"{self.group}:{self.artifact}:{self.packaging}:{self.version}"

    @property
    def path(self) -> Path:
        """Return its place in a Maven repository."""
        name = f"{self.artifact}-{self.version}.{self.packaging}"
        return Path(*self.group.split("."), self.artifact, self.version, name)


@cache
def pins(file: Path = PINS) -> Mapping[str, Sequence[Pin]]:
    """Return the pinned files of ``kafka`` and of ``elasticsearch``."""
    document = tomllib.loads(file.read_text(encoding="utf-8"))
    return {
        name: tuple(Pin.parse(coordinate, sha256) for coordinate, sha256 in files.items())
        for name, files in document.items()
    }


def fetch_kafka(cache_folder: Path, report: Report = unreported) -> Path:
    """Return a folder with Kafka's jars, each compared with its pin."""
    wanted = pins()["kafka"]
    libs = cache_folder / f"kafka-{wanted[0].version}"
    with exclusive(cache_folder):
        files = _fetch(wanted, cache_folder, report)
        libs.mkdir(exist_ok=True)
        for file in files:
            _link(file, libs / file.name)
        names = {file.name for file in files}
        for stranger in (path for path in libs.iterdir() if path.name not in names):
            stranger.unlink()
    return libs


def fetch_elasticsearch(cache_folder: Path, report: Report = unreported) -> Path:
    """Return the unpacked Elasticsearch; its archive is compared with its pin before unpacking."""
    (pin,) = pins()["elasticsearch"]
    # The checksum in the name: a tree exists only whole, and only of the pinned archive.
    home = cache_folder / f"elasticsearch-{pin.version}-{pin.sha256[:12]}"
    with exclusive(cache_folder):
        if not home.exists():
            (archive,) = _fetch([pin], cache_folder, report)
            report("unpacking Elasticsearch")
            _unpack(archive, home)
    return home


def _fetch(wanted: Sequence[Pin], cache_folder: Path, report: Report) -> list[Path]:
    repository = cache_folder / "maven"
    missing = [pin for pin in wanted if not (repository / pin.path).exists()]
    if missing:
        _download(missing, repository, report)
    for pin in wanted:
        _verify(pin, repository / pin.path)
    return [repository / pin.path for pin in wanted]


def _download(missing: Sequence[Pin], repository: Path, report: Report) -> None:
    """Fetch into a folder beside the repository; only verified files move into it."""
    incoming = repository.with_name("maven-incoming")
    shutil.rmtree(incoming, ignore_errors=True)
    meter = _Meter(len(missing), report)
    context = MavenContext(
        resolver=PythonResolver(progress_callback=meter.file),
        repo_cache=incoming,
        timeout=_HTTP_TIMEOUT_SECONDS,
    )

    def download(pin: Pin) -> None:
        component = context.project(pin.group, pin.artifact).at_version(pin.version)
        try:
            file = component.artifact(packaging=pin.packaging).resolve()
        except (RuntimeError, OSError) as error:
            raise ArtifactError(
                f"{pin.coordinate} could not be fetched from Maven Central ({error}): "
                "check the network connection, then start again."
            ) from error
        _verify(pin, file)
        target = repository / pin.path
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)

    with ThreadPoolExecutor(_PARALLEL_DOWNLOADS) as pool:
        downloads = [pool.submit(download, pin) for pin in missing]
        try:
            for finished in as_completed(downloads):
                finished.result()
        except BaseException:
            meter.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    shutil.rmtree(incoming)


def _verify(pin: Pin, file: Path) -> None:
    with file.open("rb") as content:
        actual = hashlib.file_digest(content, "sha256").hexdigest()
    if actual != pin.sha256:
        raise ArtifactError(
            f"{file} is not the pinned {pin.coordinate}: its SHA-256 is {actual}, "
            f"{PINS.name} says {pin.sha256}. Delete the file to fetch it again; if it still "
            "differs, do not use it."
        )


class _Meter:
    """Adds up the bytes of parallel downloads, and aborts them when told to stop."""

    def __init__(self, files: int, report: Report) -> None:
        self._files = files
        self._report = report
        self._lock = threading.Lock()
        self._bytes = 0
        self._shown = -1
        self._stopped = threading.Event()

    @contextmanager
    def file(self, _name: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield self._add

    def stop(self) -> None:
        self._stopped.set()

    def _add(self, count: int) -> None:
        if self._stopped.is_set():
            raise RuntimeError("stopped")
        with self._lock:
            self._bytes += count
            megabytes = self._bytes // _MEGABYTE
            if megabytes == self._shown:
                return
            self._shown = megabytes
        self._report(f"{megabytes} MB of {self._files} files")


def _link(file: Path, target: Path) -> None:
    if target.exists() and target.samefile(file):
        return
    target.unlink(missing_ok=True)
    os.link(file, target)


def _unpack(archive: Path, home: Path) -> None:
    """Unpack the one folder of the archive as ``home``, with its permissions, all or nothing."""
    partial = home.with_name(home.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    with zipfile.ZipFile(archive) as bundle:
        for entry in bundle.infolist():
            path = Path(bundle.extract(entry, partial))
            mode = stat.S_IMODE(entry.external_attr >> 16)
            path.chmod((mode or path.stat().st_mode) | _readable(path))
    (top,) = partial.iterdir()
    top.replace(home)
    partial.rmdir()


def _readable(path: Path) -> int:
    """Let every account read: Elasticsearch may run as another one than who unpacked it."""
    readers = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH
    if path.is_dir():
        return readers | stat.S_IWUSR | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH
    return readers
