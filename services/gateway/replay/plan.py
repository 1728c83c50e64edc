"""What a replay of a file will do, before anything is sent."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from services.gateway.replay.reader import read_rows
from services.gateway.replay.records import (
    AuthorKind,
    CaseStatus,
    ReplayMessage,
    ReplayRecord,
    ReplayStatus,
)
from services.gateway.replay.rows import Reject
from services.gateway.replay.rules import ReplayMapping
from services.gateway.replay.sorting import (
    PROGRESS_EVERY,
    PlacedRow,
    Progress,
    ReplaySorter,
    SortSummary,
    scratch_space,
)

_TIMELINE_DIGITS = 16


@dataclass(frozen=True, slots=True)
class ReplayCounts:
    """``rows`` = ``accepted`` + ``duplicates`` + ``rejected``; header and blank lines are none."""

    rows: int
    accepted: int
    duplicates: int
    rejected: int
    threads: int
    brands: int


class ReplayPlan:
    """The records of one file in replay order. Close it: it holds space on the disk.

    Times, and with them all identifiers of events, messages and threads, are moved by ``shift_us``.
    ``first_at_us`` and ``last_at_us`` are None when no row was accepted.
    """

    def __init__(
        self,
        *,
        path: Path,
        mapping: ReplayMapping,
        sorter: ReplaySorter,
        counts: ReplayCounts,
        summary: SortSummary,
        shift_to_us: int | None,
    ) -> None:
        self.path = path
        self.mapping = mapping
        self.counts = counts
        self.shift_us = 0
        if shift_to_us is not None and summary.last_at_us is not None:
            self.shift_us = shift_to_us - summary.last_at_us
        self.timeline = f"replay-{summary.digest[:_TIMELINE_DIGITS]}{self._suffix()}"
        self.first_at_us = self._moved(summary.first_at_us)
        self.last_at_us = self._moved(summary.last_at_us)
        self._sorter = sorter

    def records(self) -> Iterator[ReplayRecord]:
        """Yield the records by (time, id); each call starts anew."""
        return map(self._record, self._sorter.rows())

    def rejects(self) -> Iterator[Reject]:
        return self._sorter.rejects()

    def write_rejects(self, path: Path) -> int:
        """Write the rejects as CSV (line,reason,raw) and return how many there are."""
        count = 0
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
            stream.write("line,reason,raw\n")
            for count, reject in enumerate(self.rejects(), start=1):  # noqa: B007 - read after it
                writer.writerow(reject)
        return count

    def close(self) -> None:
        self._sorter.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _suffix(self) -> str:
        return f";shift={self.shift_us}" if self.shift_us else ""

    def _moved(self, at_us: int | None) -> int | None:
        return None if at_us is None else at_us + self.shift_us

    def _record(self, row: PlacedRow) -> ReplayRecord:
        return self._status(row) if row.status else self._message(row)

    def _message(self, row: PlacedRow) -> ReplayMessage:
        mapping, suffix = self.mapping, self._suffix()
        return ReplayMessage(
            event_id=f"{mapping.namespace}:{row.id}{suffix}",
            thread_key=self._thread(row),
            author_id=row.author,
            author_kind=cast("AuthorKind", row.kind),
            occurred_at_us=row.at_us + self.shift_us,
            text=row.text,
            message_id=f"{row.id}{suffix}",
            reply_to_message_id=f"{row.parent_id}{suffix}" if row.parent_id else "",
            brand_id=row.brand,
            channel=row.channel or mapping.channel,
            organisation_id=mapping.organisation,
            account_id=self._account(row),
            author_name=row.author_name,
            phone=row.phone,
            email=row.email,
        )

    def _status(self, row: PlacedRow) -> ReplayStatus:
        mapping, suffix = self.mapping, self._suffix()
        return ReplayStatus(
            event_id=f"{mapping.namespace}:{row.id}{suffix}",
            thread_key=self._thread(row),
            occurred_at_us=row.at_us + self.shift_us,
            status=cast("CaseStatus", row.status),
            assignee=row.assignee,
            priority=row.priority,
            brand_id=row.brand,
            channel=row.channel or mapping.channel,
            organisation_id=mapping.organisation,
            account_id=self._account(row),
        )

    def _thread(self, row: PlacedRow) -> str:
        own = "" if self.mapping.thread_ids == "channel" else f"{self.mapping.namespace}:"
        return f"{own}{row.thread}{self._suffix()}"

    def _account(self, row: PlacedRow) -> str:
        rule = self.mapping.account
        return row.brand if rule.rule == "brand" else rule.value


def plan_replay(
    path: Path,
    mapping: ReplayMapping,
    shift_to_us: int | None = None,
    *,
    progress: Progress | None = None,
) -> ReplayPlan:
    """Read, sort and thread the whole file.

    With ``shift_to_us`` all times move by the same span, so that the last record is at that
    instant. Raises ReplayFileError when the file cannot be read with this mapping at all; rows that
    cannot be used are the plan's rejects.
    """
    tell = progress or (lambda _read, _sorted: None)
    sorter = ReplaySorter(mapping)
    try:
        with scratch_space():
            read, rejected = _read(path, mapping, sorter, tell)
            summary = sorter.sort(lambda rows: tell(read, rows))
    except BaseException:
        sorter.close()
        raise
    tell(read, summary.rows)
    counts = ReplayCounts(
        rows=read,
        accepted=summary.rows,
        duplicates=read - rejected - summary.rows,
        rejected=rejected,
        threads=summary.threads,
        brands=summary.brands,
    )
    return ReplayPlan(
        path=path,
        mapping=mapping,
        sorter=sorter,
        counts=counts,
        summary=summary,
        shift_to_us=shift_to_us,
    )


def _read(
    path: Path, mapping: ReplayMapping, sorter: ReplaySorter, tell: Progress
) -> tuple[int, int]:
    read = rejected = 0
    for row in read_rows(path, mapping):
        read += 1
        if isinstance(row, Reject):
            rejected += 1
            sorter.add_reject(row)
        else:
            sorter.add(row)
        if read % PROGRESS_EVERY == 0:
            tell(read, 0)
    tell(read, 0)
    return read, rejected
