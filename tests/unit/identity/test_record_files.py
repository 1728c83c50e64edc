from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.identity.adapters.record_files import RecordFileError, open_records


def test_csv_with_any_usual_separator_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text('\ufeff姓名;手机\n"张;伟";13912345678\n\n李娜;\n', encoding="utf-8")
    file = open_records(path)
    assert file.columns == ("姓名", "手机")
    assert list(file.rows()) == [
        {"姓名": "张;伟", "手机": "13912345678"},
        {"姓名": "李娜", "手机": ""},
    ]


def test_parquet_of_any_type_is_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "people.parquet"
    table = pa.table(
        {"dob": [dt.date(1971, 6, 24), None], "zip": [27514, 27515], "x": [1.5, float("nan")]}
    )
    pq.write_table(table, path)
    assert list(open_records(path).rows()) == [
        {"dob": "1971-06-24", "zip": "27514", "x": "1.5"},
        {"dob": "", "zip": "27515", "x": ""},
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; the first line must name the columns"),
        (b"a,a\n1,2\n", "names columns twice: a; rename them"),
        (b"\xff\xfe\x00", "neither CSV in UTF-8 nor Parquet"),
        (b"PAR1", "neither CSV in UTF-8 nor Parquet"),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(RecordFileError, match=message):
        open_records(path)


def test_a_row_with_too_many_cells_is_named_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("name,city\nAda,York\nBen,Bath,1\n", encoding="utf-8")
    with pytest.raises(RecordFileError, match="record 3: 3 cells where the header has 2"):
        list(open_records(path).rows())
