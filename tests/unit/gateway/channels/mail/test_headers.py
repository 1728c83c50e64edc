"""Addresses, ids, times, names: what headers hold and how senders break them."""

from __future__ import annotations

from base64 import b64encode

import pytest

from services.gateway.channels.mail import (
    addresses,
    encoded_words,
    headers,
    parameters,
    reading,
    threads,
    times,
)
from services.gateway.channels.mail.addresses import Mailbox
from services.gateway.domain.incoming import IncomingEvent, WrittenMessage


def read(head: str, body: str = "Hello.") -> tuple[IncomingEvent, WrittenMessage]:
    raw = f"{head}\n\n{body}\n".encode("utf-8", "surrogateescape")
    [event] = reading.read(raw)
    assert isinstance(event.body, WrittenMessage)
    return event, event.body


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('"Doe, John" <john@x.example>', ("Doe, John", "john@x.example")),
        ("john@x.example (John Doe)", ("John Doe", "john@x.example")),
        ("=?utf-8?Q?Doe,_J=C3=B6rg?= <j@x.example>", ("Doe, Jörg", "j@x.example")),
        ("=?UTF-8?B?5byg5LiJIDx6QHguZXhhbXBsZT4=?=", ("张三", "z@x.example")),
        ('"=?utf-8?B?5byg5LiJ?=" <z@x.example>', ("张三", "z@x.example")),
        ('"Foo <a@x.example>', ("Foo", "a@x.example")),
        ("Foo Bar <foo@x.example", ("Foo Bar", "foo@x.example")),
        ("Foo <foo@mail(here).  x . example>", ("Foo", "foo@mail.x.example")),
        ("Name [a@x.example]", ("Name", "a@x.example")),
        ("<@relay.example:joe@x.example>", ("", "joe@x.example")),
        ("Team: a@x.example, b@x.example;", ("", "a@x.example")),
        ("'a@x.example' <a@x.example>", ("a@x.example", "a@x.example")),
        ('The "Boss" Lee <lee@x.example>', ("The Boss Lee", "lee@x.example")),
        ("Müller <m@x.example>", ("Müller", "m@x.example")),
        ("Foo [no word] <m@x.example>", ("Foo [no word]", "m@x.example")),
        ("J | Example GmbH <j@x.example>", ("J | Example GmbH", "j@x.example")),
        (
            "Ann(of \\) the (night) desk) <ann(home)@x.example(old host)>",
            ("Ann", "ann@x.example"),
        ),
        ('"Lee, Ann" ann@x.example', ("Lee, Ann", "ann@x.example")),
        ('"ann lee"@x.example', ("", '"ann lee"@x.example')),
        ('Ann <"ann lee"@x.example>', ("Ann", '"ann lee"@x.example')),
        ('"ann@x.example" <>', ("", "ann@x.example")),
    ],
)
def test_senders_are_found_however_they_are_written(
    written: str, expected: tuple[str, str]
) -> None:
    raw = written.encode().decode("ascii", "surrogateescape")
    assert addresses.read(raw)[0] == Mailbox(*expected)


@pytest.mark.parametrize("written", ["", "John Doe", "<>", "undisclosed-recipients:;", "@", "a@"])
def test_what_is_no_address_is_none(written: str) -> None:
    assert addresses.read(written) == []


def test_the_sender_is_looked_for_where_from_is_missing() -> None:
    event, _ = read("Sender: Desk <desk@x.example>\nReturn-Path: <bounce@x.example>")
    assert event.author_id == "desk@x.example"
    event, _ = read("Subject: x\nReturn-Path: <bounce@x.example>")
    assert event.author_id == "bounce@x.example"
    event, said = read("Subject: nobody")
    assert event.author_id == ""
    assert said.identifiers == ()


@pytest.mark.parametrize(
    "behind",
    [
        "X-Original-From: some@one.example",
        "X-BeenThere: list@x.example\nReply-To: some@one.example",
        "X-MailFrom: some@one.example\nList-Id: <list.x.example>",
    ],
)
def test_the_author_behind_a_mailing_list_is_found(behind: str) -> None:
    event, said = read(f"From: Some One via List <list@x.example>\n{behind}")
    assert (event.author_id, said.author_name) == ("some@one.example", "Some One")


@pytest.mark.parametrize(
    ("original", "author"),
    [("jane@y.example", "jane@y.example"), ("Sales@X.example", "sales@x.example")],
)
def test_the_author_behind_a_group_is_found(original: str, author: str) -> None:
    event, _ = read(f"From: Sales team <sales@x.example>\nX-Original-Sender: {original}")
    assert event.author_id == author


def test_spaces_before_a_colon_do_not_hide_a_header() -> None:
    event, _ = read("From ann@x.example Mon Mar  2 10:00:00 2026\nFrom    : Ann <ann@x.example>")
    assert event.author_id == "ann@x.example"


def test_a_broken_line_among_the_headers_does_not_take_the_others_with_it() -> None:
    _, said = read("From: a@x.example\nthis is no header\nSubject: Still read")
    assert (said.subject, said.text) == ("Still read", "Hello.")


def test_a_missing_empty_line_begins_the_text() -> None:
    raw = b"From: a@x.example\nSubject: S\nthe text: begins, at once\nand goes on\n"
    found, body = headers.split(raw)
    assert found.text("subject") == "S"
    assert body.endswith(b"and goes on\n")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("=?utf-8?B?5byg?= =?utf-8?B?5LiJ?=", "张三"),
        ("=?utf-8?B?5b?= =?utf-8?B?yg5LiJ?=", "张三"),
        ("=?utf-8?Q?=E5=BC?= =?utf-8?Q?=A0?=", "张"),
        ("a =?iso-8859-1?Q?=E4?= b", "a ä b"),
        ("=?gb2312?B?" + b64encode("镕".encode("gb18030")).decode() + "?=", "镕"),
        ("=?unknown-8bit?Q?Gr=FC=DFe_aus_K=F6ln?=", "Grüße aus Köln"),
        ("=?utf-8*de?Q?ja?=", "ja"),
        ("=?utf-8?X?no word?=", "=?utf-8?X?no word?="),
        ("=?base64?B?YWJj?=", "abc"),
        ("folded\r\n value", "folded value"),
    ],
)
def test_encoded_words_are_read_as_they_were_meant(written: str, expected: str) -> None:
    assert encoded_words.decode(written) == expected


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ('attachment; filename="a;b.pdf"; size=3', "a;b.pdf"),
        ("attachment; filename*=UTF-8''na%C3%AFve%20file.txt", "naïve file.txt"),
        ("attachment; filename*0*=utf-8''%E4%BD; filename*1*=%A0; filename*2=.pdf", "你.pdf"),
        ('attachment; filename*0="long "; filename*1="name.txt"', "long name.txt"),
        ('attachment; filename="=?utf-8?B?5byg5LiJLnBkZg==?="', "张三.pdf"),
        ("attachment; filename==?utf-8?Q?a;b=2Epdf?=; size=3", "a;b.pdf"),
        ("attachment; filename=two words.pdf", "two words.pdf"),
        ('attachment; filename="never closed.pdf', "never closed.pdf"),
        (r'attachment; filename="C:\temp\a.doc"', r"C:\temp\a.doc"),
        ("attachment", ""),
    ],
)
def test_file_names_are_read_as_they_were_meant(written: str, name: str) -> None:
    main, found = parameters.read(written)
    assert (main, found.get("filename", "")) == ("attachment", name)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Tue, 10 Mar 2009 10:10:10 +0800 (CST)", 1_236_651_010),
        ("10 Mar 09 02:10:10 GMT", 1_236_651_010),
        ("Tue, 10 Mar 2009 10:10:10 GMT+8", 1_236_651_010),
        ("2009-03-10T10:10:10+08:00", 1_236_651_010),
        ("Tue, 10 Mar 2009 02:10:10", 1_236_651_010),
        ("Tue, 10 Mar 2009 02:10:10 -9999999", 1_236_651_010),
        ("Tue, 10 Mar 2009 10:10:10 +0800Received: from a by b", 1_236_651_010),
        ("Tuesday, 10-Mar-09 02:10:10 UTC", 1_236_651_010),
        ("Tue, 10 Mar 2009 10:10:10 +08:00", 1_236_651_010),
        ("Mon, 09 Mar 2009 18:10:10 PST", 1_236_651_010),
        ("2 Mar 26 1015 EST", 1_772_464_500),
        ("Mon, 2 Mar 2026 10(at):  15 :  00 (set (by hand)) +0100", 1_772_442_900),
    ],
)
def test_times_are_read_as_they_were_meant(written: str, expected: int) -> None:
    assert times.parse(written) == expected * 1_000_000


@pytest.mark.parametrize("written", ["", "soon", "Tue, 99 Xyz 2009", "Mon, 1 Jan 1601 00:00:00"])
def test_what_is_no_time_is_none(written: str) -> None:
    assert times.parse(written) is None


def test_without_a_date_the_time_of_receipt_holds() -> None:
    event, _ = read(
        "Received: from b by c; Tue, 10 Mar 2009 02:10:10 +0000\n"
        "Received: from a by b; Tue, 10 Mar 2009 02:00:00 +0000\n"
        "From: a@x.example\nDate: yesterday"
    )
    assert event.occurred_at_us == 1_236_651_010_000_000
    assert read("From: a@x.example")[0].occurred_at_us is None


def test_the_root_of_the_references_is_the_thread() -> None:
    event, said = read(
        "From: a@x.example\nMessage-ID: <3@x>\nReferences: <1@x>\n <2@x>\nIn-Reply-To: <2@x>"
    )
    assert (event.thread_id, said.reply_to_message_id) == ("1@x", "2@x")
    assert read("From: a@x.example\nMessage-ID: <3@x>\nIn-Reply-To: <2@x>")[0].thread_id == "2@x"
    assert read("From: a@x.example\nMessage-ID: <3@x>")[0].thread_id == "3@x"


def test_a_mail_without_an_id_is_named_by_its_digest() -> None:
    first, again = read("From: a@x.example")[0], read("From: a@x.example")[0]
    assert first.event_id == again.event_id == first.thread_id
    assert first.event_id.startswith("sha256:")
    assert read("From: a@x.example", "Other.")[0].event_id != first.event_id


def test_ids_without_brackets_and_with_folds_are_found() -> None:
    assert threads.ids("<a\n b@x>, <c@x>") == ["ab@x", "c@x"]
    assert threads.ids("a@x, b@x") == ["a@x", "b@x"]
    assert threads.ids("nothing") == []


def test_ids_with_spaces_lose_them_and_their_comments() -> None:
    event, _ = read("From: a@x.example\nMessage-ID: <12 @ mail (here) .x.example>")
    assert event.event_id == "12@mail.x.example"


def test_an_answer_to_our_mail_finds_its_thread_without_references() -> None:
    ours = threads.own_message_id("reply-1:0", "root id/with ü@x", "shop.example")
    event, _ = read(f"From: a@x.example\nMessage-ID: <9@x>\nIn-Reply-To: <{ours}>")
    assert event.thread_id == "root id/with ü@x"
    assert threads.own_message_id("reply-1:0", "root id/with ü@x", "shop.example") == ours
    assert threads.own_message_id("reply-2:0", "root id/with ü@x", "shop.example") != ours
