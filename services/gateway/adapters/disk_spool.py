"""The spool: segment files in a folder of this process's own."""

from __future__ import annotations

import fcntl
import os
import threading
from dataclasses import dataclass
from pathlib import Path

import structlog

from services.gateway.domain.framing import (
    FRAME_OVERHEAD_BYTES,
    HEADER_BYTES,
    CorruptSegmentError,
    Segment,
    SegmentIdentity,
    decode_segment,
    encode_frame,
    encode_header,
)
from services.gateway.ports import SpooledSegment, SpoolFullError, SpoolWriteError

log = structlog.get_logger(__name__)

_SUFFIX = ".spool"
_SEGMENT_BYTES = 8 * 1024 * 1024
# What room there must be for: a batch of one event of the largest request, and then some.
_LARGEST_RECORD_BYTES = 2 * 1024 * 1024


class SpoolError(Exception):
    """The folder cannot be used as a spool; the message names the place and the remedy."""


@dataclass(slots=True)
class _Open:
    number: int
    descriptor: int
    size: int


class DiskSpool:
    """Implements ``RecordSpool``. Safe to call from several threads.

    A process never appends to a segment of an earlier one, nor behind a failed write: a torn end
    stays an end.
    """

    def __init__(
        self,
        folder: Path,
        max_bytes: int,
        identity: SegmentIdentity,
        segment_bytes: int = _SEGMENT_BYTES,
    ) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._identity = identity
        self._segment_bytes = segment_bytes
        self._mutex = threading.Lock()
        self._sizes: dict[int, int] = {}
        self._open: _Open | None = None
        self._next_number = 0
        self._folder_descriptor = -1

    def open(self) -> None:
        """Take the folder and check what an earlier process left there. Raise ``SpoolError``."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._folder_descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise SpoolError(
                f"the spool's folder {self._folder} cannot be used ({error.strerror}); "
                "set CARELINE_SPOOL_DIR to one that can be written"
            ) from error
        try:
            fcntl.flock(self._folder_descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.close()
            raise SpoolError(
                f"{self._folder} is the spool of another running gateway; "
                "give each its own CARELINE_SPOOL_DIR"
            ) from None
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            number = int(path.stem)
            data = path.read_bytes()
            self._decode(number, data)
            self._sizes[number] = len(data)
            self._next_number = number + 1

    def close(self) -> None:
        with self._mutex:
            self._seal()
            if self._folder_descriptor >= 0:
                os.close(self._folder_descriptor)
                self._folder_descriptor = -1

    @property
    def size_bytes(self) -> int:
        return sum(list(self._sizes.values()))

    @property
    def full(self) -> bool:
        return self.size_bytes + _LARGEST_RECORD_BYTES > self._max_bytes

    def append(self, record: bytes) -> None:
        with self._mutex:
            if self.size_bytes + HEADER_BYTES + FRAME_OVERHEAD_BYTES + len(record) > (
                self._max_bytes
            ):
                raise SpoolFullError(
                    f"{self._folder} holds {self.size_bytes} of {self._max_bytes} bytes"
                )
            frame = encode_frame(record)
            try:
                self._write(frame)
            except OSError as error:
                # How much of it is on disk is not known: nothing may follow it.
                self._seal()
                raise SpoolWriteError(f"{self._folder}: {error.strerror}") from error

    def _write(self, frame: bytes) -> None:
        if self._open is not None and self._open.size + len(frame) > self._segment_bytes:
            self._seal()
        if self._open is None:
            number = self._next_number
            self._next_number += 1
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
            self._open = _Open(number, os.open(self._path(number), flags, 0o600), 0)
            self._sizes[number] = 0
            frame = encode_header(self._identity) + frame
            os.fsync(self._folder_descriptor)
        opened = self._open
        rest = memoryview(frame)
        while rest:
            rest = rest[os.write(opened.descriptor, rest) :]
        os.fsync(opened.descriptor)
        opened.size += len(frame)
        self._sizes[opened.number] = opened.size

    def _seal(self) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            self._sizes[opened.number] = os.fstat(opened.descriptor).st_size
            os.close(opened.descriptor)

    def oldest(self) -> SpooledSegment | None:
        while True:
            with self._mutex:
                if not self._sizes:
                    return None
                number = min(self._sizes)
                if self._open is not None and self._open.number == number:
                    self._seal()
            found = SpooledSegment(
                number, self._decode(number, self._path(number).read_bytes()).payloads
            )
            if found.records:
                return found
            self.remove(found)

    def remove(self, segment: SpooledSegment) -> None:
        with self._mutex:
            self._path(segment.number).unlink()
            del self._sizes[segment.number]

    def _decode(self, number: int, data: bytes) -> Segment:
        path = self._path(number)
        try:
            segment = decode_segment(data)
        except CorruptSegmentError as error:
            raise SpoolError(
                f"{path}: {error}. Acknowledged events are in it; restore the file, or move it "
                "away to go on without them"
            ) from error
        if segment.identity not in (None, self._identity):
            raise SpoolError(
                f"{path} holds events for {segment.identity}, but the topic is now "
                f"{self._identity}; publish them with the version that wrote them"
            )
        if segment.torn_bytes:
            log.info("a torn end was skipped", path=str(path), torn_bytes=segment.torn_bytes)
        return segment

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:012d}{_SUFFIX}"
