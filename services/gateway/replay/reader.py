"""Read a file of any size, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple, fields
from pathlib import Path
from typing import BinaryIO, TypeVar

from services.gateway.replay.csv_records import Record, split_records
from services.gateway.replay.interpret import Interpreter, RowError
from services.gateway.replay.lines import read_lines
from services.gateway.replay.ndjson_records import (
    ObjectRecord,
    ValueTypeError,
    split_objects,
    text_at,
)
from services.gateway.replay.records import ReplayFileError
from services.gateway.replay.rows import Reject, Row
from services.gateway.replay.rules import Columns, ReplayMapping

AnyRecord = TypeVar("AnyRecord", Record, ObjectRecord)

_FIELDS = tuple(field.name for field in fields(Columns))


def read_rows(path: Path, mapping: ReplayMapping) -> Iterator[Row | Reject]:
    """Yield every row in the file's order, as a Row or, where it cannot be used, as a Reject.

    Raises ReplayFileError when the file cannot be read at all or lacks a mapped column.
    """
    try:
        stream = path.open("rb")
    except OSError as error:
        raise ReplayFileError(
            f"{path}: cannot be read ({error.strerror}): check the path"
        ) from error
    with stream:
        if mapping.file.format == "csv":
            yield from _csv_rows(path, stream, mapping)
        else:
            yield from _ndjson_rows(stream, mapping)


def _csv_rows(path: Path, stream: BinaryIO, mapping: ReplayMapping) -> Iterator[Row | Reject]:
    records = split_records(read_lines(stream, mapping.file.encoding), mapping.file.delimiter)
    header = next(records, None)
    if header is None:
        raise ReplayFileError(f"{path}: is empty: the first line must name the columns")
    if isinstance(header, Reject):
        raise ReplayFileError(f"{path}: line {header.line}: the header: {header.reason}")
    width = len(header.cells)
    places = _places(path, header, mapping)
    interpret = Interpreter(mapping).row

    def read(record: Record) -> Row:
        cells = record.cells
        if len(cells) != width:
            raise RowError(f"has {len(cells)} columns where the header has {width}")
        return interpret({name: cells[place] for name, place in places})

    for record in records:
        yield record if isinstance(record, Reject) else _row(record, read)


def _ndjson_rows(stream: BinaryIO, mapping: ReplayMapping) -> Iterator[Row | Reject]:
    keys = _mapped(mapping)
    interpret = Interpreter(mapping).row

    def read(record: ObjectRecord) -> Row:
        return interpret({name: text_at(record.values, key) for name, key in keys})

    for record in split_objects(read_lines(stream, mapping.file.encoding)):
        yield record if isinstance(record, Reject) else _row(record, read)


def _row(record: AnyRecord, read: Callable[[AnyRecord], Row]) -> Row | Reject:
    try:
        return read(record)
    except (RowError, ValueTypeError) as error:
        return Reject(record.line, str(error), record.raw)


def _mapped(mapping: ReplayMapping) -> list[tuple[str, str]]:
    names = zip(_FIELDS, astuple(mapping.columns), strict=True)
    return [(field, column) for field, column in names if column]


def _places(path: Path, header: Record, mapping: ReplayMapping) -> list[tuple[str, int]]:
    names = [cell.strip() for cell in header.cells]
    places = []
    for field, column in _mapped(mapping):
        if names.count(column) != 1:
            problem = "has no column" if column not in names else "has more than one column"
            raise ReplayFileError(
                f"{path}: line {header.line}: {problem} {column!r}, which the mapping "
                f"{mapping.name} reads as columns.{field}; it has {', '.join(names)}. "
                "Correct the mapping (columns, file.delimiter) or use another one."
            )
        places.append((field, names.index(column)))
    return places
