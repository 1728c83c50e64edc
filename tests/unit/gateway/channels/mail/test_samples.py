"""Whole mails, as programs write them, and what they say."""

from __future__ import annotations

import json
from pathlib import Path

from services.gateway.channels.mail import MailChannel
from services.gateway.domain.inbound import InboundRequest
from services.gateway.domain.incoming import (
    Attachment,
    Identifier,
    IncomingEvent,
    Receipt,
    WrittenMessage,
)

CHANNEL = MailChannel()
SAMPLES = Path(__file__).parent / "samples"
# 2026-03-03T00:00:00Z
DAY_US = 1_772_496_000_000_000
MINUTE_US = 60 * 1_000_000


def only(name: str) -> IncomingEvent:
    [event] = CHANNEL.parse(InboundRequest((SAMPLES / name).read_bytes()))
    return event


def message(event: IncomingEvent) -> WrittenMessage:
    assert isinstance(event.body, WrittenMessage)
    return event.body


def test_a_reply_from_a_web_mailer_keeps_its_own_words_alone() -> None:
    event = only("gmail_reply.eml")
    said = message(event)
    assert event.author_id == "joerg.mueller@post.example"
    assert event.thread_id == "order-4711@shop.example"
    assert event.occurred_at_us == DAY_US + (8 * 60 + 2) * MINUTE_US + 22_000_000
    assert said.author_name == "Jörg Müller"
    assert said.identifiers == (Identifier("email", "joerg.mueller@post.example"),)
    assert said.subject == "Re: Ihre Bestellung 4711 – Größe"
    assert said.text == "Guten Tag,\n\ndie Größe passt leider nicht, ich möchte sie umtauschen."
    assert said.quoted_text.startswith("Am Mo., 2. März 2026 um 18:11 Uhr schrieb Shop Hilfe")
    assert said.signature == "Jörg Müller"
    assert said.reply_to_message_id == "careline-note-1@shop.example"
    assert not said.automatic
    assert not said.attachments


def test_an_answer_needs_no_more_than_the_reply_address() -> None:
    address = json.loads(message(only("gmail_reply.eml")).reply_address)
    assert address == {
        "to": "Joerg.Mueller@post.example",
        "name": "Jörg Müller",
        "subject": "Re: Ihre Bestellung 4711 – Größe",
        "message_id": "CAGmail-77+x@post.example",
        "references": ["order-4711@shop.example", "careline-note-1@shop.example"],
        "mailbox": "hilfe@shop.example",
        "automatic": False,
    }


def test_a_chinese_html_mail_is_text_with_its_picture_inline() -> None:
    event = only("qq_html.eml")
    said = message(event)
    assert said.author_name == "王小明"
    assert said.subject == "回复：退货申请"
    assert said.text == "你好，商品有破损，见图。"
    assert "请问有什么问题？" in said.quoted_text
    assert event.thread_id == "root-9@shop.example"
    [picture] = said.attachments
    assert picture == Attachment(
        kind="image",
        media_id="pic1@qq.example",
        media_type="image/png",
        name="破损.png",
        size_bytes=17,
        inline=True,
        content=b"\x89PNG fake picture",
    )


def test_a_forward_keeps_the_contact_data_and_the_older_mail_apart() -> None:
    said = message(only("outlook_forward.eml"))
    assert said.author_name == "Doe, Anna"
    assert said.text == "Could you look into this, please? I’ve attached the invoice."
    assert said.signature.startswith("Kind regards,\nAnna Doe")
    assert "Your parcel was damaged." in said.quoted_text
    assert said.language_hint == "en-GB"
    invoice, parcel = said.attachments
    assert (invoice.name, invoice.media_type, invoice.size_bytes, invoice.inline) == (
        "Rechnung für März.pdf",
        "application/pdf",
        9,
        False,
    )
    assert (parcel.name, parcel.media_type) == ("Damaged parcel.eml", "message/rfc822")
    assert parcel.content.endswith(b"inner text")


def test_a_bounce_fails_the_mail_it_returns() -> None:
    event = only("bounce.eml")
    assert event.body == Receipt(
        "failed",
        ("answer-1@shop.example",),
        code="5.1.1",
        reason="550 5.1.1 <gone@nowhere.example>: unknown user",
    )
    assert event.thread_id == "first-1@nowhere.example"
    assert event.author_id == "gone@nowhere.example"


def test_a_read_receipt_names_the_mail_that_was_read() -> None:
    event = only("read_receipt.eml")
    assert event.body == Receipt("read", ("answer-1@shop.example",))
    assert event.author_id == "anna.doe@firm.example"


def test_an_absence_note_is_automatic() -> None:
    said = message(only("vacation.eml"))
    assert said.automatic
    assert (said.author_name, said.text) == ("田中", "休暇中です。")


def test_answers_between_quoted_questions_are_kept_and_soft_breaks_joined() -> None:
    event = only("interleaved_flowed.eml")
    said = message(event)
    assert said.text == "The blue one, as it says on the invoice that I sent to you.\n\nMedium."
    assert said.signature == "Ann"
    assert said.author_name == "Ann Bee"
    assert event.thread_id == "q-1@shop.example"
    assert event.occurred_at_us == DAY_US + (4 * 24 + 13) * 60 * MINUTE_US
