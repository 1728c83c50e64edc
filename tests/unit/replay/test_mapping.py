from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from services.gateway.replay.mapping import MappingError, list_mappings, load_mapping
from services.gateway.replay.mapping_file import parse_mapping

GOOD = """
description: chats of our own tool
rows: messages
namespace: chat
channel: web
organisation: acme
file: {format: ndjson}
columns: {id: id, time: at, author: who, direction: side, text: body, case: room}
time: {formats: [iso8601, "%d.%m.%Y %H:%M"], zone: Europe/Berlin}
direction: {customer: [in], agent: [out, yes]}
thread: column
brand: {rule: fixed, value: Acme}
"""
STATUS = """
rows: status-changes
namespace: desk
channel: email
organisation: acme
file: {format: csv, delimiter: ";", encoding: latin-1}
columns: {case: Ticket, time: When, status: State}
time: {formats: [epoch-seconds]}
thread: column
statuses: {No: new, Done: solved}
"""


def problem_of(content: str) -> str:
    with pytest.raises(MappingError) as caught:
        parse_mapping(content.encode(), source="my.yaml", name="my")
    return str(caught.value)


def test_every_shipped_mapping_loads_and_is_described() -> None:
    assert list_mappings() == ("helpdesk-log", "simulated", "twcs")
    assert all(load_mapping(name).description for name in list_mappings())


def test_a_mapping_is_loaded_from_the_path_of_the_users_file(tmp_path: Path) -> None:
    path = tmp_path / "our-chats.yaml"
    path.write_text(GOOD, encoding="utf-8")
    mapping = load_mapping(str(path))
    assert mapping == load_mapping(path)
    assert (mapping.name, mapping.file.format, mapping.columns.case) == (
        "our-chats",
        "ndjson",
        "room",
    )


def test_a_word_that_yaml_takes_for_a_boolean_stays_a_word() -> None:
    mapping = parse_mapping(STATUS.encode(), source="my.yaml", name="my")
    assert mapping.statuses == {"no": "new", "done": "solved"}
    chat = parse_mapping(GOOD.encode(), source="my.yaml", name="my")
    assert chat.direction is not None
    assert chat.direction.agent == ("out", "yes")


def test_an_unknown_name_is_answered_with_the_names_there_are() -> None:
    names = ", ".join(list_mappings())
    with pytest.raises(MappingError, match=rf"named 'twitter': use one of {names}, or"):
        load_mapping("twitter")


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"none\.yaml: cannot be read \(No such file"):
        load_mapping(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("thread: column", "thread: column\nspeed: 3", "my.yaml: speed is not known to a mapping"),
        ("format: ndjson", "format: ndjson, delimiter: x", "my.yaml: file.delimiter is not known"),
        (
            "format: ndjson",
            "format: xlsx",
            "my.yaml: file.format is 'xlsx': use one of csv, ndjson",
        ),
        ("who,", "who, autor: x,", "my.yaml: columns.autor is not known to columns"),
        ("case: room", "case: ''", "my.yaml: columns.case is missing: name the file's column"),
        ("case: room", "case: room, status: s", "my.yaml: columns.status has no use under these"),
        ("namespace: chat", "", "my.yaml: namespace is missing"),
        ("namespace: chat", "namespace: [a]", "my.yaml: namespace must be one text"),
        ("namespace: chat", "namespace: ' '", "my.yaml: namespace is empty: give it a value"),
        ("thread: column", "thread: column\nthread: column", "the key 'thread' stands twice"),
        ("Europe/Berlin", "Berlin", "my.yaml: time.zone 'Berlin' is not a known time zone"),
        (
            ", zone: Europe/Berlin",
            "",
            "my.yaml: time.zone is missing, and a format names no offset",
        ),
        ("%d.%m.%Y %H:%M", "%d.%m. %H:%M", "'%d.%m. %H:%M' names no year (%Y); or use one of iso"),
        ("%d.%m.%Y %H:%M", "%H:%M %Y %m", "names no day (%m and %d)"),
        ("%d.%m.%Y %H:%M", "%c %Z", "has %Z, which cannot be read on every machine"),
        ('[iso8601, "%d.%m.%Y %H:%M"]', "[]", "my.yaml: time.formats must be a list with at least"),
        (
            "customer: [in]",
            "customer: [in, OUT]",
            "direction.agent also has 'out' of the customers",
        ),
        ("value: Acme", "worth: Acme", "my.yaml: brand.worth is not known to the rule fixed"),
        ("rule: fixed, value: Acme", "rule: column", "my.yaml: columns.brand is missing"),
        ("file: {format: ndjson}", "file: ndjson", "my.yaml: file must hold keys and values"),
        ("file: {format: ndjson}", "file: {format", "my.yaml: not a YAML file: "),
    ],
)
def test_a_mistake_is_told_with_file_key_and_remedy(old: str, new: str, message: str) -> None:
    assert old in GOOD
    assert message in problem_of(GOOD.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('";"', '"||"', "my.yaml: file.delimiter must be one character"),
        ("latin-1", "utf8000", "my.yaml: file.encoding 'utf8000' is not a known encoding"),
        ("latin-1", "base64", "my.yaml: file.encoding 'base64' is not a known encoding"),
        ("latin-1", "utf-16", "my.yaml: file.encoding utf-16 cannot be split into lines"),
        ("Done: solved", "Done: fixed", "my.yaml: statuses.Done is 'fixed': use one of new, open"),
        ("Done: solved", "NO: open", "my.yaml: statuses.NO differs only in case"),
        ("{No: new, Done: solved}", "{}", "my.yaml: statuses is empty: map the file's words"),
        ("thread: column", "thread: reply-chain", "my.yaml: thread must be column"),
        (
            "thread: column",
            "thread: column\nbrand: {rule: organisation-account}",
            "my.yaml: brand.rule must be column or fixed",
        ),
        ("thread: column", "thread: column\ndirection: {}", "my.yaml: direction is not known"),
        ("case: Ticket", "case: Ticket, phone: Tel", "columns.phone has no use under these rules"),
        ("status-changes", "both", "my.yaml: direction is missing"),
    ],
)
def test_a_mistake_in_a_status_mapping_is_told_too(old: str, new: str, message: str) -> None:
    assert old in STATUS
    assert message in problem_of(STATUS.replace(old, new))


def test_the_fingerprint_is_of_what_the_mapping_does() -> None:
    mapping = parse_mapping(GOOD.encode(), source="my.yaml", name="my")
    renamed = replace(mapping, name="other", description="")
    assert renamed.fingerprint() == mapping.fingerprint()
    assert replace(mapping, namespace="mail").fingerprint() != mapping.fingerprint()
