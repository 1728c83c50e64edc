from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from services.gateway.replay.mapping import ReplayMapping
from services.gateway.replay.mapping_file import parse_mapping
from services.gateway.replay.reader import read_rows
from services.gateway.replay.records import ReplayFileError
from services.gateway.replay.rows import Reject, Row

AT = "Fri Mar 01 12:00:00 +0000 2024"
CHATS = b"""
rows: messages
namespace: chat
channel: web
organisation: acme
file: {format: ndjson}
columns: {id: id, time: at, author: user.id, direction: inbound, text: body, case: room, brand: b}
time: {formats: [iso8601]}
direction: {customer: ["true"], agent: ["false"]}
thread: column
brand: {rule: column}
"""


def read(path: Path, mapping: ReplayMapping) -> list[Row | Reject]:
    return list(read_rows(path, mapping))


def test_a_row_of_the_tweet_file_becomes_a_message(
    twcs: ReplayMapping, write_tweets: Callable[..., Path]
) -> None:
    [row] = read(write_tweets(f'12,acme,False,{AT}," a, b ","13,14",3.0'), twcs)
    assert row == Row(
        id="12",
        order_key=row.order_key if isinstance(row, Row) else "",
        at_us=1_709_294_400_000_000,
        author="acme",
        kind="agent",
        text=" a, b ",
        parent_id="3",
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f"1,c,True,{AT},hi,", "has 6 columns where the header has 7"),
        (f"1,c,True,{AT},hi,,,", "has 8 columns where the header has 7"),
        (f" ,c,True,{AT},hi,,", "tweet_id: is empty"),
        (f"1,,True,{AT},hi,,", "author_id: is empty"),
        ("1,c,True,2024-03-01,hi,,", "created_at: '2024-03-01' is not a time like %a %b %d"),
        (f"1,c,maybe,{AT},hi,,", "inbound: 'maybe' is not among the mapping's direction: add it"),
        (f"1,c,True,{AT},hi,,1.5e+17", "in_response_to_tweet_id: '1.5e+17' is a rounded number"),
    ],
)
def test_a_row_that_cannot_be_used_says_why_and_the_rest_goes_on(
    twcs: ReplayMapping, write_tweets: Callable[..., Path], row: str, reason: str
) -> None:
    rejected, kept = read(write_tweets(row, f"2,c,True,{AT},hi,,"), twcs)
    assert isinstance(rejected, Reject)
    assert (rejected.line, rejected.raw) == (2, row)
    assert rejected.reason.startswith(reason)
    assert isinstance(kept, Row)


def test_columns_are_found_by_name_wherever_they_stand(twcs: ReplayMapping, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "text,inbound,extra,created_at,in_response_to_tweet_id, tweet_id ,author_id\n"
        f"hello,true,x,{AT},,8,me\n",
        encoding="utf-8-sig",
    )
    [row] = read(path, twcs)
    assert isinstance(row, Row)
    assert (row.id, row.author, row.text, row.kind) == ("8", "me", "hello", "customer")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty: the first line must name the columns"),
        (b"tweet_id;author_id\n", "line 1: has no column 'tweet_id', which the mapping twcs reads"),
        (b"\xff\xfet\x00w\x00", "line 1: the header: byte 1 of the line is not utf-8"),
        (
            b"tweet_id,created_at,created_at,author_id\n",
            "line 1: has more than one column 'created_at'",
        ),
    ],
)
def test_a_file_that_does_not_fit_the_mapping_is_refused_whole(
    twcs: ReplayMapping, tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(ReplayFileError) as caught:
        read(path, twcs)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


def test_an_absent_file_is_named(twcs: ReplayMapping, tmp_path: Path) -> None:
    with pytest.raises(ReplayFileError, match=r"none\.csv: cannot be read \(No such file"):
        read(tmp_path / "none.csv", twcs)


def test_a_step_of_a_ticket_becomes_a_status(helpdesk: ReplayMapping, tmp_path: Path) -> None:
    path = tmp_path / "steps.csv"
    path.write_text(
        "Case ID,Activity,Resource,Complete Timestamp,seriousness_2\n"
        "Case 7,take in charge ticket,Value 2,2012/07/10 12:00:00.500,Value 1\n"
        "Case 7,Explode,Value 2,2012/07/10 12:00:00.500,Value 1\n",
        encoding="utf-8",
    )
    row, rejected = read(path, helpdesk)
    assert isinstance(row, Row)
    assert (row.case_id, row.status, row.assignee, row.priority) == (
        "Case 7",
        "open",
        "Value 2",
        "Value 1",
    )
    assert row.id.startswith("Case 7:open:1341914400500000:")
    assert isinstance(rejected, Reject)
    assert rejected.reason.startswith("Activity: 'Explode' is not among the mapping's statuses")


def chat(**changes: object) -> str:
    row = {
        "id": 5,
        "at": "2024-03-01T12:00:00Z",
        "user": {"id": "u1"},
        "inbound": True,
        "body": "one\u2028two\r",
        "room": "r9",
        "b": None,
    }
    return json.dumps(row | changes, ensure_ascii=False)


def test_ndjson_rows_hold_nested_keys_booleans_and_nulls(tmp_path: Path) -> None:
    path = tmp_path / "chats.ndjson"
    path.write_bytes(f"\ufeff{chat()}\r\n\n{chat(id='6', b='Acme', inbound=False)}".encode())
    first, second = read(path, parse_mapping(CHATS, source="c.yaml", name="c"))
    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert (first.id, first.author, first.kind, first.case_id) == ("5", "u1", "customer", "r9")
    assert (first.text, first.brand) == ("one\u2028two\r", "")
    assert (second.id, second.kind, second.brand) == ("6", "agent", "Acme")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": 1', "not JSON: "),
        ("[" * 100_000, "not JSON: "),
        ("[1]", "not a JSON object"),
        (chat(room=None), "room: is empty"),
        (chat(body=["a"]), "body holds a list or an object, not one value"),
        (chat(user="u1"), "user.id: is empty"),
        (chat().replace("one", "\\ud83d"), "holds half of a character"),
    ],
)
def test_an_ndjson_row_that_cannot_be_used_says_why(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "chats.ndjson"
    path.write_text(f"{line}\n{chat()}\n", encoding="utf-8", newline="\n")
    rejected, kept = read(path, parse_mapping(CHATS, source="c.yaml", name="c"))
    assert isinstance(rejected, Reject)
    assert rejected.reason.startswith(reason)
    assert (rejected.line, rejected.raw) == (1, line)
    assert isinstance(kept, Row)
