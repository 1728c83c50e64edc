"""A partition's keyed state: in memory, with the changes of a flush group remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from services.kernel.lane.records import Change

V = TypeVar("V")

_SEPARATOR = b"\x00"


@dataclass(frozen=True, slots=True)
class TableSpec(Generic[V]):
    """A named table of a lane's state and how its values become bytes.

    ``encode`` must be deterministic: equal values give equal bytes.
    """

    name: str
    encode: Callable[[V], bytes]
    decode: Callable[[bytes], V]


def table_of(name: str, value_type: type[V]) -> TableSpec[V]:
    """Declare a table whose values are msgpack of ``value_type`` (a dataclass or plain type)."""
    encoder = msgspec.msgpack.Encoder(order="deterministic")
    decoder = msgspec.msgpack.Decoder(value_type)
    return TableSpec(name, encoder.encode, decoder.decode)


def bytes_table(name: str) -> TableSpec[bytes]:
    """Declare a table whose values are bytes already."""
    return TableSpec(name, _as_is, _as_is)


def _as_is(value: bytes) -> bytes:
    return value


class Table(Generic[V]):
    """One partition's part of a table.

    A value may be changed in place; ``put`` it afterwards, or the change is not durable. Restored
    values stay bytes until they are first asked for, so that a restart costs only what it reads.
    """

    __slots__ = ("_changed", "_cold", "_live", "_prefix", "spec")

    def __init__(self, spec: TableSpec[V]) -> None:
        self.spec = spec
        self._prefix = spec.name.encode() + _SEPARATOR
        self._live: dict[str, V] = {}
        self._cold: dict[str, bytes] = {}
        self._changed: dict[str, None] = {}

    def get(self, key: str) -> V | None:
        value = self._live.get(key)
        if value is None and self._cold:
            data = self._cold.pop(key, None)
            if data is not None:
                value = self._live[key] = self.spec.decode(data)
        return value

    def put(self, key: str, value: V) -> None:
        if self._cold:
            self._cold.pop(key, None)
        self._live[key] = value
        self._changed[key] = None

    def delete(self, key: str) -> None:
        self._live.pop(key, None)
        self._cold.pop(key, None)
        self._changed[key] = None

    def keys(self) -> list[str]:
        """Return every key, sorted."""
        return sorted([*self._live, *self._cold])

    def items(self) -> Iterator[tuple[str, V]]:
        """Yield every entry in the order of keys."""
        for key in self.keys():
            value = self.get(key)
            if value is not None:
                yield key, value

    def __len__(self) -> int:
        return len(self._live) + len(self._cold)

    def __contains__(self, key: str) -> bool:
        return key in self._live or key in self._cold

    def restore(self, key: str, data: bytes) -> None:
        self._cold[key] = data

    def take_changes(self) -> Iterator[Change]:
        """Yield what changed since the last call, as changelog records."""
        changed, self._changed = self._changed, {}
        live, encode, prefix = self._live, self.spec.encode, self._prefix
        for key in changed:
            value = live.get(key)
            yield prefix + key.encode(), None if value is None else encode(value)


class PartitionState:
    """All tables of one partition. Restored from changelog records, drained into them."""

    __slots__ = ("_tables",)

    def __init__(self, specs: tuple[TableSpec[Any], ...]) -> None:
        self._tables: dict[str, Table[Any]] = {spec.name: Table(spec) for spec in specs}

    def table(self, spec: TableSpec[V]) -> Table[V]:
        return self._tables[spec.name]

    def restore(self, key: bytes, value: bytes) -> None:
        """Take one live changelog record (the newest of its key, not a tombstone)."""
        name, _, rest = key.partition(_SEPARATOR)
        table = self._tables.get(name.decode())
        if table is None:
            raise UnknownTableError(
                f"the changelog holds a record of table {name.decode()!r}, which this version does "
                "not declare; start a new generation or restore the version that wrote it"
            )
        table.restore(rest.decode(), value)

    def take_changes(self) -> list[Change]:
        return [change for table in self._tables.values() for change in table.take_changes()]


class UnknownTableError(LookupError):
    """State of a table that the running version does not know."""
