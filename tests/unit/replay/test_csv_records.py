from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.replay import csv_records, lines
from services.gateway.replay.csv_records import Record, split_records
from services.gateway.replay.lines import read_lines
from services.gateway.replay.rows import Reject


def split(content: bytes, delimiter: str = ",", encoding: str = "utf-8") -> list[Record | Reject]:
    return list(split_records(read_lines(io.BytesIO(content), encoding), delimiter))


def cells(content: bytes, delimiter: str = ",") -> list[list[str]]:
    records = split(content, delimiter)
    assert all(isinstance(record, Record) for record in records), records
    return [record.cells for record in records if isinstance(record, Record)]


def test_a_lone_carriage_return_outside_quotes_is_text() -> None:
    assert cells(b"1,@acme \r\rhello,x\n2,b,y\n") == [
        ["1", "@acme \r\rhello", "x"],
        ["2", "b", "y"],
    ]


def test_rows_end_with_lf_or_crlf_and_the_last_may_end_with_the_file() -> None:
    assert cells(b'1,a\r\n2,"b"\r\n3,c\n4,"d"') == [["1", "a"], ["2", "b"], ["3", "c"], ["4", "d"]]


def test_a_quoted_field_holds_line_ends_delimiters_and_doubled_quotes() -> None:
    assert cells(b'1,"a\nb\r\nc, ""d""",z\n') == [["1", 'a\nb\r\nc, "d"', "z"]]


def test_a_quote_inside_an_unquoted_field_is_text() -> None:
    assert cells(b'1,a 5" disk,z\n2,b,y\n') == [["1", 'a 5" disk', "z"], ["2", "b", "y"]]


def test_a_record_is_known_by_the_line_where_it_starts() -> None:
    records = split(b'a\n\n"b\nc\nd"\n\r\ne\n')
    assert [record.line for record in records] == [1, 3, 7]


def test_a_byte_order_mark_is_no_part_of_the_first_cell() -> None:
    assert cells(b'\xef\xbb\xbf"id",b\n') == [["id", "b"]]


def test_a_quote_that_never_closes_costs_its_own_row_only() -> None:
    assert split(b'1,"a\n2,b\n3,c\n') == [
        Reject(1, "a quote opens and never closes", '1,"a'),
        Record(2, ["2", "b"], "2,b"),
        Record(3, ["3", "c"], "3,c"),
    ]


def test_a_quote_that_closes_inside_another_field_costs_its_own_row_only() -> None:
    first, *rest = split(b'1,"a\n2,"b"\n3,"c"\n')
    assert first == Reject(1, "text follows a closing quote: double the quotes inside", '1,"a')
    assert [record.line for record in rest] == [2, 3]


def test_a_quote_that_closes_too_far_away_costs_its_own_row_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(csv_records, "MAX_RECORD_CHARS", 20)
    first, *rest = split(b'1,"a\n' + b"2,b\n" * 9 + b'3,"c"\n')
    assert isinstance(first, Reject)
    assert "does not close within 20 characters" in first.reason
    assert [type(record) for record in rest] == [Record] * 10


def test_a_line_that_never_ends_is_rejected_without_being_held_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 8)
    assert split(b"1,a\n2," + b"b" * 50 + b"\n3,c\n") == [
        Record(1, ["1", "a"], "1,a"),
        Reject(2, "the line is longer than 8 bytes", "2,bbbbbb"),
        Record(3, ["3", "c"], "3,c"),
    ]


def test_bytes_of_another_encoding_cost_their_own_row_only() -> None:
    rejected, kept = split(b'1,"caf\xe9\nau lait"\n2,b\n')
    assert isinstance(rejected, Reject)
    assert rejected.reason.startswith("byte 7 of the line is not utf-8: set file.encoding")
    assert rejected.raw == '1,"caf\\xe9\nau lait"'
    assert kept == Record(3, ["2", "b"], "2,b")
    assert split(b"1,caf\xe9\n", encoding="latin-1") == [Record(1, ["1", "café"], "1,café")]


CELL = st.text(alphabet=st.sampled_from('ab,;"\n\r é🤥'), max_size=8)
TABLE = st.lists(st.lists(CELL, min_size=2, max_size=4), max_size=6)


@given(TABLE, st.sampled_from(["\n", "\r\n"]), st.sampled_from([",", ";"]))
def test_what_the_csv_module_writes_comes_back(
    table: list[list[str]], ending: str, delimiter: str
) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL).writerows(
        table
    )
    assert cells(stream.getvalue().encode(), delimiter) == table


@given(st.binary(max_size=60).map(lambda blob: blob.replace(b"\0", b'"').replace(b"\1", b"\n")))
def test_no_bytes_stop_the_reading_and_no_line_is_lost(blob: bytes) -> None:
    covered = [record.raw for record in split(blob)]
    text = [line.text for line in read_lines(io.BytesIO(blob), "utf-8")]
    joined = "".join(text).replace("\r\n", "\n").replace("\n", "")
    assert "".join(covered).replace("\r\n", "\n").replace("\n", "") == joined
