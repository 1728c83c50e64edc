"""Puts a file's rows into replay order and into their threads, with files larger than memory.

The rows live in SQLite's private temporary database: a file without a name, which spills what does
not fit its cache, sorts by merging runs on the disk, and is gone with the process, however that
ends. In memory stay about 24 bytes a row while threads are resolved, and nothing after.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import NamedTuple, TypeAlias

from services.gateway.replay.brands import ThreadBrands
from services.gateway.replay.records import ReplayFileError
from services.gateway.replay.rows import Reject, Row
from services.gateway.replay.rules import ReplayMapping
from services.gateway.replay.threads import NONE, reply_roots

# Called with (rows read, rows sorted): first the one grows, then the other.
Progress: TypeAlias = Callable[[int, int], None]

PROGRESS_EVERY = 10_000

_SCHEMA = """
    PRAGMA cache_size = -32768;  -- KiB: the cache, and one run of the sorter
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE staged (
        id TEXT NOT NULL UNIQUE, order_key TEXT NOT NULL, at_us INTEGER NOT NULL,
        author TEXT, kind TEXT, text TEXT, parent_id TEXT, case_id TEXT, status TEXT,
        assignee TEXT, priority TEXT, brand TEXT, channel TEXT, author_name TEXT, phone TEXT,
        email TEXT
    );
    CREATE TABLE reject (line INTEGER NOT NULL, reason TEXT NOT NULL, raw TEXT NOT NULL);
    CREATE TABLE sorted (
        position INTEGER PRIMARY KEY, id TEXT NOT NULL, at_us INTEGER NOT NULL,
        author TEXT, kind TEXT, text TEXT, parent_id TEXT, case_id TEXT, status TEXT,
        assignee TEXT, priority TEXT, brand TEXT, channel TEXT, author_name TEXT, phone TEXT,
        email TEXT
    );
    CREATE TABLE thread (
        position INTEGER PRIMARY KEY, root INTEGER NOT NULL, brand TEXT NOT NULL
    );
    BEGIN;
"""
_STAGE = f"INSERT OR IGNORE INTO staged VALUES ({', '.join('?' * len(Row._fields))})"  # noqa: S608 - ours
_SORT = """
    INSERT INTO sorted
    SELECT row_number() OVER (ORDER BY at_us, order_key) - 1, id, at_us, author, kind, text,
           parent_id, case_id, status, assignee, priority, brand, channel, author_name, phone,
           email
    FROM staged;
    DROP TABLE staged;
"""
_PARENTS = """
    SELECT parent.position FROM sorted AS child LEFT JOIN sorted AS parent
    ON parent.id = child.parent_id ORDER BY child.position
"""
_CASE_STARTS = """
    SELECT (SELECT min(first.position) FROM sorted AS first WHERE first.case_id = row.case_id)
    FROM sorted AS row ORDER BY row.position
"""
# CROSS JOIN keeps SQLite to this order of loops: it must stream, not sort again.
_PLACED = """
    SELECT row.id, row.at_us, row.author, row.kind, row.text, row.parent_id, row.status,
           row.assignee, row.priority, thread.brand,
           CASE row.case_id WHEN '' THEN root.id ELSE row.case_id END,
           row.channel, row.author_name, row.phone, row.email
    FROM sorted AS row
    CROSS JOIN thread ON thread.position = row.position
    CROSS JOIN sorted AS root ON root.position = thread.root
    ORDER BY row.position
"""
_CONTENT = """
    SELECT id, at_us, author, kind, text, parent_id, case_id, status, assignee, priority, brand,
           channel, author_name, phone, email
    FROM sorted ORDER BY position
"""


class PlacedRow(NamedTuple):
    """A row in its place: ``brand`` and ``thread`` (the root's or the case's id) are resolved."""

    id: str
    at_us: int
    author: str
    kind: str
    text: str
    parent_id: str
    status: str
    assignee: str
    priority: str
    brand: str
    thread: str
    channel: str
    author_name: str
    phone: str
    email: str


class SortSummary(NamedTuple):
    """``digest`` is of the mapping and the rows that were kept, not of their order in the file."""

    rows: int
    threads: int
    brands: int
    first_at_us: int | None
    last_at_us: int | None
    digest: str


@contextmanager
def scratch_space() -> Iterator[None]:
    """Turn SQLite's word for a full disk into one that names the remedy."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise
        raise ReplayFileError(
            "no room left to sort the file: it needs about three times the file's size; set "
            "SQLITE_TMPDIR to a folder on a larger disk"
        ) from error


class ReplaySorter:
    """Takes rows in any order, then gives them in replay order. One thread at a time."""

    def __init__(self, mapping: ReplayMapping) -> None:
        self._mapping = mapping
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.executescript(_SCHEMA)
        self._cursor = self._database.cursor()

    def add(self, row: Row) -> bool:
        """Keep the row; return False, and forget it, if its id is there already."""
        return self._cursor.execute(_STAGE, row).rowcount == 1

    def add_reject(self, reject: Reject) -> None:
        self._cursor.execute("INSERT INTO reject VALUES (?, ?, ?)", reject)

    def sort(self, progress: Callable[[int], None]) -> SortSummary:
        """Sort what was added and resolve its threads. ``progress`` is told the rows sorted."""
        self._database.executescript(_SORT)
        digest = self._digest(progress)
        roots = self._roots()
        brands = self._brands(roots)
        self._database.executemany(
            "INSERT INTO thread VALUES (?, ?, ?)",
            ((row, root, brands.of_row(row)) for row, root in enumerate(roots)),
        )
        first, last = self._database.execute("SELECT min(at_us), max(at_us) FROM sorted").fetchone()
        threads = sum(row == root for row, root in enumerate(roots))
        return SortSummary(len(roots), threads, brands.count(), first, last, digest)

    def rows(self) -> Iterator[PlacedRow]:
        """Yield the rows by (time, id); integers among ids sort by value and before the others."""
        return map(PlacedRow._make, self._database.execute(_PLACED))

    def rejects(self) -> Iterator[Reject]:
        """Yield the rejects in the file's order."""
        return map(
            Reject._make, self._database.execute("SELECT * FROM reject ORDER BY line, rowid")
        )

    def close(self) -> None:
        self._database.close()

    def _digest(self, progress: Callable[[int], None]) -> str:
        digest = sha256(self._mapping.fingerprint().encode())
        for count, row in enumerate(self._database.execute(_CONTENT), start=1):
            digest.update(json.dumps(row).encode())
            if count % PROGRESS_EVERY == 0:
                progress(count)
        return digest.hexdigest()

    def _roots(self) -> array[int]:
        if self._mapping.thread == "column":
            self._database.execute("CREATE INDEX sorted_by_case ON sorted (case_id)")
            return array("q", (start for (start,) in self._database.execute(_CASE_STARTS)))
        self._database.execute("CREATE UNIQUE INDEX sorted_by_id ON sorted (id)")
        parents = self._database.execute(_PARENTS)
        return reply_roots(array("q", (NONE if one is None else one for (one,) in parents)))

    def _brands(self, roots: array[int]) -> ThreadBrands:
        brands = ThreadBrands(roots)
        rule = self._mapping.brand
        if rule.rule == "column":
            brands.take_named(self._select("brand", "brand != ''"))
        elif rule.rule == "organisation-account":
            brands.take_named(self._select("author", "kind = 'agent'"))
            brands.take_mentions(self._select("text", "kind = 'customer'"))
        elif rule.value:
            brands.take_named((row, rule.value) for row in range(len(roots)))
        return brands

    def _select(self, column: str, condition: str) -> sqlite3.Cursor:
        return self._database.execute(
            f"SELECT position, {column} FROM sorted WHERE {condition} ORDER BY position"  # noqa: S608 - ours
        )
