"""Charsets, encodings, structures, machines' mails, proofs, and hostile bytes."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway.channels import standard_webhooks
from services.gateway.channels.mail import (
    MailChannel,
    MailSettings,
    charsets,
    entities,
    reading,
    transfer,
)
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import (
    Attachment,
    IncomingEvent,
    Receipt,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = MailChannel()
SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.eml"))
SECRET = "whsec_" + b64encode(b"a mail account's own secret key").decode()
NOW_US = 1_772_529_342_000_000


def only(raw: bytes | str, rules: reading.Rules | None = None) -> IncomingEvent:
    data = raw.encode() if isinstance(raw, str) else raw
    [event] = reading.read(data, rules)
    return event


def message(raw: bytes | str, rules: reading.Rules | None = None) -> WrittenMessage:
    body = only(raw, rules).body
    assert isinstance(body, WrittenMessage)
    return body


def text_mail(content: bytes, charset: str, encoding: str = "8bit") -> bytes:
    head = (
        f"From: a@x.example\nContent-Type: text/plain; charset={charset}\n"
        f"Content-Transfer-Encoding: {encoding}\n\n"
    )
    return head.encode() + content


@pytest.mark.parametrize(
    ("text", "codec", "declared"),
    [
        ("朱镕基先生，您好", "gb18030", "gb2312"),
        ("您好，我的訂單", "big5", "big5"),
        ("①番の㈱田中です", "cp932", "shift_jis"),
        ("こんにちは、注文の件です", "iso2022_jp", "iso-2022-jp"),
        ("Заказ не пришёл", "koi8_r", "koi8-r"),
        ("Заказ не пришёл", "cp1251", "windows-1251"),
        ("주문이 오지 않았습니다", "cp949", "ks_c_5601-1987"),
        ("It’s broken – “really”", "cp1252", "iso-8859-1"),
        ("Grüße", "utf-8", "iso-8859-1"),
        ("Grüße", "utf-8", "us-ascii"),
        ("Grüße", "utf-8", "x-unknown"),
        ("Grüße", "utf-7", "utf-7"),
        ("Zażółć gęślą jaźń", "iso8859_2", "iso-8859-2"),
        ("สวัสดีครับ", "cp874", "tis-620"),
        ("שלום", "iso8859_8", "iso-8859-8-i"),
        ("Grüße", "utf-16", "utf-16"),
    ],
)
def test_charsets_are_read_as_they_were_meant(text: str, codec: str, declared: str) -> None:
    assert message(text_mail(text.encode(codec), declared)).text == text


def test_undeclared_bytes_are_guessed_the_same_every_time() -> None:
    text = "Здравствуйте! Мой заказ до сих пор не пришёл, хотя я его давно оплатил. Что мне делать?"
    data = text.encode("cp1251")
    assert charsets.decode(data) == charsets.decode(data) == text
    assert charsets.decode(data, "unknown-8bit") == text


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("Müller", "cp1252"),
        ("HÄNSCHEL", "latin-1"),
        ("São Paulo, ação", "cp1252"),
        ("Besök på måndag", "latin-1"),
        ("It’s €5 – really", "cp1252"),
        ("你好", "gb18030"),
        ("请问我的订单什么时候发货？", "gb18030"),
        ("您好，請問訂單", "big5"),
        ("注文の件について", "shift_jis"),
        ("注文の件について", "euc-jp"),
        ("안녕하세요, 주문", "euc-kr"),
        ("Привет, мир", "cp1251"),
        ("Здравствуйте, где мой заказ?", "koi8-r"),
        ("Καλημέρα σας", "cp1253"),
        ("مرحبا بك", "cp1256"),
    ],
)
@pytest.mark.parametrize("declared", ["", "us-ascii", "utf-8", "x-unknown"])
def test_a_few_undeclared_words_are_guessed(text: str, codec: str, declared: str) -> None:
    assert charsets.decode(text.encode(codec), declared) == text


def test_vendors_characters_in_japanese_mail_are_read() -> None:
    assert charsets.decode(b"\x1b$B-!-j\x1b(B ok", "iso-2022-jp") == "①㈱ ok"


def test_codecs_that_are_no_charsets_are_not_run() -> None:
    for name in ("zlib", "rot13", "base64", "unicode_escape", "idna", "undefined", "x" * 99):
        assert charsets.decode(b"plain \\u0041", name) == "plain \\u0041"


def test_one_broken_byte_does_not_change_the_charset() -> None:
    assert charsets.decode("好".encode() * 30 + b"\xe5", "utf-8").startswith("好好")
    assert charsets.decode("好".encode("gbk") * 30 + b"\xff", "gb2312").startswith("好好")


@pytest.mark.parametrize(
    ("content", "encoding", "expected"),
    [
        (b64encode("Grüße".encode()), "base64", "Grüße"),
        (b64encode(b"one ")[:-2] + b"==\n" + b64encode(b"and two"), "BASE64", "one and two"),
        (b64encode(b"Hello there") + b"\n_____\nThe list's own line\n", "base64", "Hello there"),
        (b"This is not base64 at all, is it?", "base64", "This is not base64 at all, is it?"),
        (b"SGVsbG8", "base64", "Hello"),
        (b"Gr=C3=BC=\n=C3=9Fe =ZZ", "quoted-printable", "Grüße =ZZ"),
        (b"as it is", "x-unheard-of", "as it is"),
    ],
)
def test_broken_transfer_encodings_are_undone_as_far_as_they_go(
    content: bytes, encoding: str, expected: str
) -> None:
    assert message(text_mail(content, "utf-8", encoding)).text == expected


def test_a_uuencoded_file_in_the_text_is_an_attachment() -> None:
    said = message("From: a@x.example\n\nSee:\n\nbegin 644 note.txt\n#86)C\n`\nend\n\nBye\n")
    assert said.text == "See:\n\nBye"
    assert said.attachments == (Attachment("file", name="note.txt", size_bytes=3, content=b"abc"),)


def test_soft_breaks_in_languages_without_spaces_are_deleted() -> None:
    assert transfer.unflowed("你好 \n世界", deleting_spaces=True) == "你好世界"
    assert transfer.unflowed("> a \n> b\n-- \nc", deleting_spaces=False) == "> a b\n-- \nc"


def parts(kind: str, *bodies: str) -> str:
    inner = "".join(f"--b\n{body}\n" for body in bodies)
    return f"From: a@x.example\nContent-Type: multipart/{kind}; boundary=b\n\n{inner}--b--\n"


PLAIN, HTML = "Content-Type: text/plain\n\n", "Content-Type: text/html\n\n"


def test_of_alternatives_the_plain_one_is_read_if_it_says_anything() -> None:
    assert message(parts("alternative", PLAIN + "plain", HTML + "<b>rich</b>")).text == "plain"
    assert message(parts("alternative", PLAIN + " \n", HTML + "<b>rich</b>")).text == "rich"
    stand_in = "This message needs an HTML viewer."
    rich = "<p>What was really written, at some length.</p>"
    assert "really" in message(parts("alternative", PLAIN + stand_in, HTML + rich)).text


def test_texts_of_a_mixed_mail_are_joined_and_repeats_dropped() -> None:
    assert message(parts("mixed", PLAIN + "one", PLAIN + "two")).text == "one\n\ntwo"
    assert (
        message(parts("mixed", PLAIN + "one  two", HTML + "<p>one<br>two</p>")).text == "one  two"
    )


def test_an_attached_text_is_a_file_and_so_are_invitations_and_signatures() -> None:
    said = message(
        parts(
            "mixed",
            PLAIN + "body",
            "Content-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nfile",
            "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR",
            "Content-Type: application/ms-tnef; name=winmail.dat\n\nx",
            "Content-Type: application/pgp-signature\n\nx",
            "Content-Type: text/x-vcard; name=me.vcf\n\nBEGIN:VCARD",
        )
    )
    assert said.text == "body"
    assert [(one.kind, one.media_type, one.name) for one in said.attachments] == [
        ("file", "text/plain", "a.txt"),
        ("file", "text/calendar", ""),
        ("file", "application/ms-tnef", "winmail.dat"),
        ("file", "application/pgp-signature", ""),
        ("contact", "text/x-vcard", "me.vcf"),
    ]


def test_a_text_that_is_named_like_a_file_is_the_body_when_there_is_no_other() -> None:
    said = message("From: a@x.example\nContent-Type: text/plain; name=body.txt\n\nHello")
    assert (said.text, said.attachments) == ("Hello", ())


def test_a_line_that_a_mailbox_file_has_marked_is_no_quote() -> None:
    assert message("From: a@x.example\n\n>From what I see\nit works.").text == (
        "From what I see\nit works."
    )


@pytest.mark.parametrize(
    "head",
    [
        'Content-Type: image/png; filename="plan.png"',
        'Content-Type: image/png\nContent-Disposition: inline; name="plan.png"',
        "Content-Type: image/png\nContent-Location: https://x.example/a/plan.png?b=1",
    ],
)
def test_a_files_name_is_found_where_it_does_not_belong(head: str) -> None:
    [attachment] = message(parts("mixed", PLAIN + "See.", head + "\n\nx")).attachments
    assert attachment.name == "plan.png"


def test_an_empty_text_does_not_cost_a_file() -> None:
    file = "Content-Type: text/plain; name=a.txt\nContent-Disposition: attachment\n\nfile"
    said = message(parts("mixed", PLAIN + "\n", file))
    assert (said.text, [one.name for one in said.attachments]) == ("", ["a.txt"])


def test_a_wrong_boundary_and_a_missing_one_are_guessed() -> None:
    for header in ("multipart/mixed; boundary=other", "multipart/mixed"):
        raw = f"From: a@x.example\nContent-Type: {header}\n\n--b\n{PLAIN}text\n--b--\n"
        assert message(raw).text == "text"
    assert (
        message("From: a@x.example\nContent-Type: multipart/mixed\n\nno parts").text == "no parts"
    )


def test_a_cut_off_mail_keeps_what_came() -> None:
    raw = "From: a@x.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n" + PLAIN + "half"
    assert message(raw).text == "half"


def test_deep_and_wide_mails_are_read_only_so_far() -> None:
    inner = "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
    deep = entities.read(("From: a@x.example\n" + inner * 3000).encode())
    assert sum(1 for _ in deep.walk()) <= entities.MOST_PARTS + 1
    wide = parts("mixed", *[PLAIN + "x"] * 3000)
    assert sum(1 for _ in entities.read(wide.encode()).walk()) <= entities.MOST_PARTS + 1


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-generated",
        "Auto-Submitted: auto-replied (vacation)",
        "Precedence: bulk",
        "Precedence: List",
        "X-Auto-Response-Suppress: OOF, AutoReply",
        "Return-Path: <>",
        "List-Id: <news.x.example>",
        "List-Unsubscribe: <https://x.example>",
        "From: MAILER-DAEMON@x.example",
        "From: no-reply@x.example",
    ],
)
def test_what_machines_write_is_automatic(header: str) -> None:
    assert message(f"{header}\nSubject: x\n\nHello").automatic


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: no",
        "Precedence: first-class",
        "X-Auto-Response-Suppress: None",
        "Return-Path: <a@x.example>",
    ],
)
def test_what_people_write_is_not(header: str) -> None:
    assert not message(f"From: a@x.example\n{header}\n\nHello").automatic


@pytest.mark.parametrize(
    "header", ["X-Spam-Flag: YES", "X-Spam-Status: Yes, score=12", "X-Rspamd-Action: add header"]
)
def test_the_mail_servers_verdict_on_spam_counts_unless_switched_off(header: str) -> None:
    raw = f"From: a@x.example\n{header}\n\nHello"
    assert message(raw).spam
    silent = dataclasses.replace(reading.Rules().verdicts, spam_headers=False)
    assert not message(raw, reading.Rules(verdicts=silent)).spam
    assert not message("From: a@x.example\nX-Spam-Status: No, score=1\n\nHello").spam


def test_a_failed_dmarc_is_spam_where_the_settings_say_so_of_that_server() -> None:
    raw = "Authentication-Results: mx.x.example; dmarc=fail\nFrom: a@y.example\n\nHello"
    assert not message(raw).spam
    rules = MailSettings(dmarc_fail_is_spam=True, authentication_authority="mx.x.example").rules
    assert message(raw, rules).spam
    other = MailSettings(dmarc_fail_is_spam=True, authentication_authority="mx.z.example").rules
    assert not message(raw, other).spam


def test_our_own_addresses_write_as_agents_and_contact_forms_as_their_customers() -> None:
    rules = MailSettings(address="help@x.example", own_addresses=("@x.example",)).rules
    assert message("From: Ann <ann@X.example>\n\nHi", rules).author_kind == "agent"
    assert message("From: a@y.example\n\nHi", rules).author_kind == "customer"
    form = "From: Form <form@x.example>\nReply-To: Bob <bob@y.example>\n\nHi"
    event = only(form, rules)
    assert event.author_id == "bob@y.example"
    assert message(form, rules).author_kind == "customer"


def report(kind: str, content: str) -> str:
    inner = f"Content-Type: message/{kind}\n\n{content}"
    returned = "Content-Type: message/rfc822\n\nMessage-ID: <1@x>\n\nold"
    return parts("report; x=y", PLAIN + "Words.", inner, returned)


def test_a_delay_and_a_deleted_mail_are_no_receipts() -> None:
    delayed = "Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@y.example\nAction: delayed\n"
    body = only(report("delivery-status", delayed)).body
    assert isinstance(body, UnrecognisedEvent)
    assert body.type == "delivery-status.delayed"
    deleted = "Original-Message-ID: <1@x>\nDisposition: manual-action/MDN-sent-manually; deleted\n"
    body = only(report("disposition-notification", deleted)).body
    assert isinstance(body, UnrecognisedEvent)
    assert body.type == "disposition-notification.deleted"


def test_one_failure_of_several_recipients_is_a_failure() -> None:
    status = (
        "Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@y.example\nAction: delivered\n\n"
        "Final-Recipient: rfc822; b@y.example\nAction: failed\nStatus: 5.2.2\n"
    )
    event = only(report("delivery-status", status))
    assert event.body == Receipt("failed", ("1@x",), code="5.2.2", reason="5.2.2")
    assert event.author_id == "b@y.example"


def test_a_bounce_without_a_form_is_read_too() -> None:
    raw = (
        "From: MAILER-DAEMON@x.example\nX-Failed-Recipients: a@y.example\nSubject: Failed\n\n"
        "Your mail:\n\n  Message-ID: <1@x>\n"
    )
    assert only(raw).body == Receipt("failed", ("1@x",), reason="Failed")


def test_a_bounce_with_an_empty_form_is_read_by_its_headers() -> None:
    raw = parts(
        "report; report-type=delivery-status",
        PLAIN + "Address not found",
        "Content-Type: message/delivery-status\n",
        "Content-Type: message/rfc822\n\nMessage-ID: <1@x>\nIn-Reply-To: <0@x>\n\nold",
    )
    failed = only("X-Failed-Recipients: a@y.example\n" + raw)
    assert (failed.body, failed.author_id) == (Receipt("failed", ("1@x",)), "a@y.example")


def test_a_bounce_that_names_no_mail_is_no_customers() -> None:
    raw = parts("report", PLAIN + "Not delivered.", "Content-Type: message/rfc822\n\nTo: x\n\nold")
    said = message(raw)
    assert (said.author_kind, said.automatic, said.text) == ("system", True, "Not delivered.")
    assert message("From: MAILER-DAEMON@x.example\n\nSorry").author_kind == "system"


def test_a_complaint_is_kept_under_its_name() -> None:
    body = only(report("feedback-report", "Feedback-Type: abuse\nVersion: 1\n")).body
    assert isinstance(body, UnrecognisedEvent)
    assert body.type == "feedback-report.abuse"


@pytest.mark.parametrize("body", [b"", b"\n\n", b"no header at all", b"\xff\xfe\x00", b"{}"])
def test_what_is_no_mail_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequestError, match="is no mail"):
        CHANNEL.parse(InboundRequest(body))


def signed(body: bytes) -> InboundRequest:
    key = standard_webhooks.decode_secret(SECRET)
    timestamp = str(NOW_US // 1_000_000)
    return InboundRequest(
        body,
        {
            "webhook-id": "m1",
            "webhook-timestamp": timestamp,
            "webhook-signature": standard_webhooks.sign(key, "m1", timestamp, body),
            "careline-mail-rules": "[]",
        },
    )


def test_a_pushed_mail_is_proved_and_read_by_the_accounts_rules() -> None:
    settings = MailSettings(secrets=(SECRET,), own_addresses=("@x.example",))
    request = signed(b"From: a@x.example\n\nHello")
    proved = CHANNEL.verify(request, settings, NOW_US)
    [event] = CHANNEL.parse(proved)
    assert isinstance(event.body, WrittenMessage)
    assert event.body.author_kind == "agent"
    assert json.loads(proved.headers["careline-mail-rules"])[0] == ["@x.example"]


def test_a_changed_mail_is_not_proved() -> None:
    settings = MailSettings(secrets=(SECRET,))
    request = signed(b"From: a@x.example\n\nHello")
    flipped = dataclasses.replace(request, body=b"From: b@x.example\n\nHello")
    with pytest.raises(RefusedError):
        CHANNEL.verify(flipped, settings, NOW_US)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (MailSettings(sign="yes"), "sign is"),
        (MailSettings(address="nobody"), "address is"),
        (MailSettings(mailboxes=("pop3://x",)), "mailboxes holds"),
        (MailSettings(mailboxes=("imap://a:b@mail.example/INBOX",)), "shows the password"),
        (MailSettings(submission="smtps://x"), "address is missing"),
        (MailSettings(listen="2525"), "listen is not"),
        (MailSettings(oauth_token_url="http://x.example"), "oauth_token_url is not"),
        (MailSettings(oauth_token_url="https://x.example"), "oauth_client_id is missing"),
        (MailSettings(poll_seconds=0), "must be positive"),
        (MailSettings(secrets=("short",)), "a secret is"),
    ],
)
def test_wrong_settings_are_named(settings: MailSettings, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        CHANNEL.check(settings)


def test_settings_do_not_show_what_is_secret() -> None:
    shown = repr(MailSettings(secrets=("s3",), mailboxes=("m3",), submission="p3"))
    assert not any(one in shown for one in ("s3", "m3", "p3"))


def unharmed(body: bytes) -> None:
    with contextlib.suppress(InvalidRequestError):
        for event in CHANNEL.parse(InboundRequest(body)):
            if isinstance(event.body, WrittenMessage):
                event.body.text.encode()
                event.body.author_name.encode()
                event.thread_id.encode()
    with contextlib.suppress(RefusedError):
        CHANNEL.verify(InboundRequest(body), MailSettings(secrets=(SECRET,)), NOW_US)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    unharmed(body)
    unharmed(b"From: " + body + b"\nContent-Type: text/html; charset=" + body + b"\n\n" + body)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SAMPLES), st.integers(0, 10_000), st.integers(0, 60), st.binary(max_size=9))
def test_any_change_of_a_mail_is_read_or_refused(
    path: Path, place: int, length: int, new: bytes
) -> None:
    raw = path.read_bytes()
    place %= len(raw)
    unharmed(raw[:place] + new + raw[place + length :])


def test_bytes_beyond_ascii_anywhere_leave_no_half_characters() -> None:
    image = "Content-Type: image/png\nContent-ID: <bild-\udcfc@x>\n\nx"
    raw = parts("related", HTML + "<img src='cid:x'>", image).encode("utf-8", "surrogateescape")
    [attachment] = message(raw).attachments
    attachment.media_id.encode()
    status = "A: b\n\nFinal-Recipient: rfc822; \udcfc@x.example\nAction: failed\nStatus: 5\udcfc\n"
    event = only(report("delivery-status", status).encode("utf-8", "surrogateescape"))
    assert isinstance(event.body, Receipt)
    event.body.code.encode()
    event.author_id.encode()
