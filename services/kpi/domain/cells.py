"""
Cells: what the facts of one measure, bucket and group came to, and how a cell is written down.

A cell belongs to the partition that folded it, in one generation of its topic and on one timeline.
Readers add cells that differ in these only; nobody else ever writes the same key.
"""

import struct
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from services.kpi.domain import instants, sketch
from services.kpi.domain.sketch import Sketch, SketchError
from services.kpi.domain.varint import TruncatedError, pack, pack_two, unpack, unzigzag, zigzag

FINE_SECONDS = 60
COARSE_SECONDS = 900
RESOLUTIONS_SECONDS = (FINE_SECONDS, COARSE_SECONDS)
FINE_US = FINE_SECONDS * instants.SECOND_US
COARSE_US = COARSE_SECONDS * instants.SECOND_US

LIVE = "live"

_VERSION = 1
_HEAD = struct.Struct("<Bq")  # of one size: the instants have eight bytes as varints too
_HORIZON = "@horizon"  # sorts before every measure, and no measure starts with the sign
_KEY_PARTS = 9
_HORIZON_PARTS = 5


class CellError(ValueError):
    """A key or a value that is no cell's."""


class Group(NamedTuple):
    organisation: str
    brand: str
    channel: str


class Source(NamedTuple):
    """Who folded a cell: readers add the cells of all sources of one generation."""

    timeline: str
    generation: int
    partition: int

    @property
    def position(self) -> str:
        """Return the end of all keys of this generation and partition, on whichever timeline."""
        return f"/g{self.generation:03}/p{self.partition:05}"


class CellKey(NamedTuple):
    """Encoded, keys sort by measure, resolution and time."""

    measure: str
    resolution_seconds: int
    bucket_at_us: int
    group: Group
    source: Source

    def encode(self) -> str:
        """Write `measure/resolution/start/organisation/brand/channel/timeline/gGGG/pPPPPP`."""
        end = key_end(self.group, self.source)
        return encode_key(self.measure, self.resolution_seconds, self.bucket_at_us, end)

    @staticmethod
    def decode(text: str) -> "CellKey":
        parts = text.split("/")
        if len(parts) != _KEY_PARTS:
            raise CellError(f"{text!r} has {len(parts)} parts and a cell's key {_KEY_PARTS}")
        measure, resolution, bucket, organisation, brand, channel, *tail = parts
        group = Group(_unescape(organisation), _unescape(brand), _unescape(channel))
        try:
            return CellKey(
                measure, int(resolution), instants.from_text(bucket), group, _source(tail)
            )
        except ValueError as error:
            raise CellError(f"{text!r} is no cell's key: {error}") from error


class HorizonKey(NamedTuple):
    """The record that says from when on a source still keeps its cells of a resolution."""

    resolution_seconds: int
    source: Source

    def encode(self) -> str:
        return f"{_HORIZON}/{self.resolution_seconds:05}/{_tail(self.source)}"


def encode_key(measure: str, resolution_seconds: int, bucket_at_us: int, end: str) -> str:
    """Write the key that `CellKey.encode` writes, with its `key_end` made before."""
    return f"{measure}/{resolution_seconds:05}/{instants.to_text(bucket_at_us)}/{end}"


# A partition meets few groups, and meets them in every flush group.
@lru_cache(maxsize=8192)
def key_end(group: Group, source: Source) -> str:
    """Write the part of a key that says whose cell it is and who folded it."""
    return "/".join([*map(_escape, group), _tail(source)])


def decode_key(text: str) -> CellKey | HorizonKey:
    """Read any key of the cells' topic."""
    if not text.startswith(_HORIZON):
        return CellKey.decode(text)
    parts = text.split("/")
    if len(parts) != _HORIZON_PARTS:
        raise CellError(f"{text!r} has {len(parts)} parts and a horizon's key {_HORIZON_PARTS}")
    try:
        return HorizonKey(int(parts[1]), _source(parts[2:]))
    except ValueError as error:
        raise CellError(f"{text!r} is no horizon's key: {error}") from error


@dataclass(slots=True)
class Cell:
    """
    Count, sum and sketch follow corrections exactly.

    `latest_at_us` is the newest instant of any fact the cell has seen, a withdrawn one too: a
    maximum cannot be taken back.
    """

    latest_at_us: int
    count: int = 0
    sum_us: int = 0
    sketch: Sketch = field(default_factory=dict)

    def merge(self, other: "Cell") -> None:
        self.count += other.count
        self.sum_us += other.sum_us
        if other.latest_at_us > self.latest_at_us:  # noqa: PLR1730 - a query adds 200,000 cells
            self.latest_at_us = other.latest_at_us
        if other.sketch:
            sketch.merge(self.sketch, other.sketch)

    def encode(self) -> bytes:
        """Write version, newest instant, count, sum and, where there is one, the sketch."""
        data = _HEAD.pack(_VERSION, self.latest_at_us) + pack_two(
            zigzag(self.count), zigzag(self.sum_us)
        )
        return data + sketch.encode(self.sketch) if self.sketch else data

    @staticmethod
    def decode(data: bytes) -> "Cell":
        try:
            _require_version(data[0])
            _, latest_at_us = _HEAD.unpack_from(data)
            (count, sum_us), at = unpack(data, _HEAD.size, 2)
            counts = sketch.decode(data, at) if at < len(data) else {}
        except (IndexError, struct.error) as error:
            raise CellError(
                f"a cell's value of {len(data)} bytes was cut: restore it from its topic"
            ) from error
        except (TruncatedError, SketchError) as error:
            raise CellError(f"a cell's value cannot be read: {error}") from error
        return Cell(latest_at_us, unzigzag(count), unzigzag(sum_us), counts)


def encode_horizon(at_us: int) -> bytes:
    return pack([_VERSION, zigzag(at_us)])


def decode_horizon(data: bytes) -> int:
    try:
        (version, at_us), end = unpack(data, 0, 2)
    except TruncatedError as error:
        raise CellError(f"a horizon cannot be read: {error}") from error
    _require_version(version)
    if end != len(data):
        raise CellError(f"{len(data) - end} bytes follow a horizon")
    return unzigzag(at_us)


def _require_version(version: int) -> None:
    if version != _VERSION:
        raise CellError(
            f"the value is of version {version} and this reader knows version {_VERSION}: "
            "run the release that wrote it, or rebuild the cells"
        )


def _tail(source: Source) -> str:
    return _escape(source.timeline) + source.position


def _source(tail: list[str]) -> Source:
    timeline, generation, partition = tail
    if generation[:1] != "g" or partition[:1] != "p":
        raise CellError("its end names no generation and partition, as in live/g001/p00003")
    return Source(_unescape(timeline), int(generation[1:]), int(partition[1:]))


def _escape(name: str) -> str:
    """Keep the separator and the escape itself out of names; the rest stays readable."""
    if "/" in name or "%" in name:
        return name.replace("%", "%25").replace("/", "%2F")
    return name


def _unescape(name: str) -> str:
    return name.replace("%2F", "/").replace("%25", "%") if "%" in name else name
