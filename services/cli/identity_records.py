"""What ``evaluate identity`` and ``identity train`` share: the file, its columns, its kinds."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import yaml

from services.cli.output import fail
from services.identity.adapters.record_files import RecordFile, RecordFileError, open_records
from services.identity.matching.columns import ColumnMapError, checked, guessed

_GUESSED_FROM = 2000


def opened(path: Path) -> RecordFile:
    try:
        return open_records(path)
    except RecordFileError as error:
        fail(str(error))


def kinds_of(
    file: RecordFile, column_map: Path | None, left_out: tuple[str, ...]
) -> dict[str, str]:
    """Read the map, or guess the kinds; the columns left out are not matched by."""
    for column in left_out:
        if column not in file.columns:
            fail(f"{file.path} has no column {column!r}; its columns: {', '.join(file.columns)}")
    try:
        if column_map is None:
            return guessed(file.columns, left_out, list(islice(rows_of(file), _GUESSED_FROM)))
        try:
            document = yaml.safe_load(column_map.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            fail(f"{column_map} is not YAML: {error}")
        if not isinstance(document, dict):
            fail(f"{column_map} must be a mapping from columns to kinds, such as dob: birth_date")
        wanted = {str(column): kind for column, kind in document.items()}
        return checked(
            {column: kind for column, kind in wanted.items() if column not in left_out},
            file.columns,
        )
    except ColumnMapError as error:
        fail(f"{column_map or file.path}: {error}")


def rows_of(file: RecordFile) -> Iterator[dict[str, str]]:
    try:
        yield from file.rows()
    except RecordFileError as error:
        fail(str(error))
