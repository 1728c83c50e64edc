"""Files of records: CSV (comma, semicolon or tab) and Parquet."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_SNIFFED = 1 << 16
_BATCH = 4096


class RecordFileError(ValueError):
    """The file cannot be read as records."""


@dataclass(frozen=True, slots=True)
class RecordFile:
    """A file with named columns; every cell is read as text, an empty one where there is none."""

    path: Path
    columns: tuple[str, ...]

    def rows(self) -> Iterator[dict[str, str]]:
        """Yield the records in the order of the file."""
        if _is_parquet(self.path):
            yield from self._parquet_rows()
        else:
            yield from self._csv_rows()

    def _csv_rows(self) -> Iterator[dict[str, str]]:
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, _dialect(self.path))
            next(reader)
            try:
                for number, row in enumerate(reader, start=2):
                    if len(row) != len(self.columns):
                        if not row:
                            continue
                        raise RecordFileError(
                            f"{self.path}, record {number}: {len(row)} cells where the header has "
                            f"{len(self.columns)}; quote the cells that hold the delimiter"
                        )
                    yield dict(zip(self.columns, row, strict=True))
            except (csv.Error, UnicodeDecodeError) as error:
                raise RecordFileError(
                    f"{self.path} is not CSV in UTF-8: {error}; save it as such"
                ) from error

    def _parquet_rows(self) -> Iterator[dict[str, str]]:
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(_BATCH):
                cells = [_texts(column) for column in batch.columns]
                for row in zip(*cells, strict=True):
                    yield dict(zip(self.columns, row, strict=True))


def open_records(path: Path) -> RecordFile:
    """Open the file; its columns must have distinct names."""
    try:
        columns = _parquet_columns(path) if _is_parquet(path) else _csv_columns(path)
    except (pa.ArrowInvalid, csv.Error, UnicodeDecodeError) as error:
        raise RecordFileError(f"{path} is neither CSV in UTF-8 nor Parquet: {error}") from error
    if not columns:
        raise RecordFileError(f"{path} is empty; the first line must name the columns")
    repeated = sorted({each for each in columns if columns.count(each) > 1})
    if repeated:
        raise RecordFileError(f"{path} names columns twice: {', '.join(repeated)}; rename them")
    return RecordFile(path, tuple(columns))


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _parquet_columns(path: Path) -> list[str]:
    return [str(name) for name in pq.read_schema(path).names]


def _csv_columns(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [name.strip() for name in next(csv.reader(file, _dialect(path)), [])]


def _dialect(path: Path) -> type[csv.Dialect]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = file.read(_SNIFFED).partition("\n")[0]
    separator = max(",;\t|", key=header.count)  # the comma in a tie

    class Dialect(csv.excel):
        delimiter = separator

    return Dialect


def _texts(column: pa.Array) -> list[str]:
    return ["" if value is None or value != value else str(value) for value in column.to_pylist()]  # noqa: PLR0124  # NaN
