from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.gateway.channels.whatsapp import WhatsAppChannel
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import (
    Attachment,
    CallStep,
    Identifier,
    IncomingBody,
    IncomingEvent,
    Location,
    MessageDeletion,
    Reaction,
    Receipt,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = WhatsAppChannel()
SAMPLES = Path(__file__).parent / "samples"
THREAD = "2201884400:46701740605"
SENT_AT_US = 1_767_168_000_000_000
SECOND_US = 1_000_000

MIRA = WrittenMessage(
    message_id="wamid.MIRA1==",
    author_kind="customer",
    author_name="Mira Lindqvist",
    text="",
    identifiers=(Identifier("phone", "+46701740605"),),
)


def parse(payload: object) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest(json.dumps(payload).encode()))


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def value_of(payload: Any) -> Any:
    return payload["entry"][0]["changes"][0]["value"]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        (
            "text_reply",
            replace(MIRA, text="Where is my parcel?", reply_to_message_id="wamid.OURS0=="),
        ),
        (
            "image",
            replace(
                MIRA,
                text="the torn box",
                attachments=(Attachment("image", "80011", media_type="image/jpeg"),),
            ),
        ),
        (
            "voice",
            replace(
                MIRA,
                attachments=(Attachment("audio", "80012", media_type="audio/ogg; codecs=opus"),),
            ),
        ),
        (
            "document",
            replace(
                MIRA,
                attachments=(
                    Attachment(
                        "file",
                        "80013",
                        "https://lookaside.example/80013",
                        "application/pdf",
                        "invoice-7.pdf",
                    ),
                ),
            ),
        ),
        (
            "sticker",
            replace(MIRA, attachments=(Attachment("sticker", "80014", media_type="image/webp"),)),
        ),
        (
            "location",
            replace(MIRA, location=Location(59.3293, 18.0686, "Depot 4", "Kajgatan 4, Stockholm")),
        ),
        (
            "contacts",
            replace(
                MIRA,
                attachments=(
                    Attachment("contact", url="tel:+46701740699", name="Otto Berg"),
                    Attachment("contact", name="Ines Roy"),
                ),
            ),
        ),
        (
            "button_reply",
            replace(
                MIRA, text="Refund it", payload="refund:7", reply_to_message_id="wamid.OURS0=="
            ),
        ),
        ("list_reply", replace(MIRA, text="Tuesday", payload="slot-2")),
        ("form", replace(MIRA, text="Sent", payload='{"order":"7"}')),
        ("template_button", replace(MIRA, text="Yes, please", payload="confirm")),
        (
            "order",
            replace(
                MIRA,
                text="as a gift",
                payload="9001",
                attachments=(Attachment("link", "MUG-BLUE", name="2 × MUG-BLUE, 9.5 EUR"),),
            ),
        ),
        ("reaction", Reaction("wamid.OURS0==", "👍")),
        ("reaction_removed", Reaction("wamid.OURS0==", "", removed=True)),
        (
            "edit",
            replace(MIRA, message_id="wamid.MIRA0==", text="Where is my parcel 7?", edited=True),
        ),
        ("revoke", MessageDeletion("wamid.MIRA0==")),
    ],
)
def test_what_a_customer_sends_is_read(name: str, body: IncomingBody) -> None:
    assert parse(sample(name)) == [
        IncomingEvent("wamid.MIRA1==", "whatsapp", THREAD, body, SENT_AT_US, "46701740605")
    ]


def test_a_customer_without_a_number_is_known_by_the_id_towards_the_business() -> None:
    [event] = parse(sample("contact_request"))
    assert event.thread_id == "2201884400:SE.20011"
    assert event.author_id == "SE.20011"
    assert isinstance(event.body, WrittenMessage)
    assert event.body.author_name == "Mira"


def test_a_number_that_was_asked_for_is_the_authors_own() -> None:
    [event] = parse(sample("contact_request"))
    assert isinstance(event.body, WrittenMessage)
    assert event.body.identifiers == (
        Identifier("whatsapp_user_id", "SE.20011"),
        Identifier("phone", "+46701740605"),
    )


def test_a_groups_messages_are_one_thread() -> None:
    [event] = parse(sample("group"))
    assert event.thread_id == "2201884400:R3JvdXA"
    assert event.author_id == "46701740605"


def test_what_the_business_wrote_on_its_phone_is_an_agents() -> None:
    [event] = parse(sample("echo"))
    assert event.thread_id == THREAD
    assert event.author_id == "4930555000111"
    assert event.body == WrittenMessage("wamid.PHONE1==", "agent", "", "On its way.")


def test_statuses_come_in_the_order_in_which_they_happened() -> None:
    events = parse(sample("statuses"))
    sent, delivered, read, failed, unknown = events
    assert [event.event_id for event in events[:4]] == [
        "wamid.OURS0==:sent",
        "wamid.OURS0==:delivered",
        "wamid.OURS0==:read",
        "wamid.OURS1==:failed",
    ]
    assert sent.body == Receipt("sent", ("wamid.OURS0==",))
    assert delivered.body == Receipt("delivered", ("wamid.OURS0==",))
    assert read.body == Receipt("read", ("wamid.OURS0==",))
    assert failed.body == Receipt(
        "failed", ("wamid.OURS1==",), code="131047", reason="More than 24 hours have passed"
    )
    assert isinstance(unknown.body, UnrecognisedEvent)
    assert unknown.body.type == "status.warned"
    assert {event.thread_id for event in events} == {THREAD}
    assert [event.author_id for event in events[:4]] == ["", "46701740605", "46701740605", ""]


def test_a_call_is_offered_and_ends() -> None:
    offered, ended = parse(sample("call"))
    assert offered.body == CallStep(
        "wacid.1", "offered", caller="46701740605", callee="4930555000111"
    )
    assert ended.body == CallStep(
        "wacid.1",
        "ended",
        caller="46701740605",
        callee="4930555000111",
        duration_us=80 * SECOND_US,
        reason="completed",
    )
    assert offered.thread_id == ended.thread_id == THREAD


def test_a_call_that_nobody_took_is_abandoned() -> None:
    payload = sample("call")
    [_, end] = value_of(payload)["calls"]
    end.pop("duration")
    [_, event] = parse(payload)
    assert isinstance(event.body, CallStep)
    assert event.body.phase == "abandoned"


@pytest.mark.parametrize(
    ("name", "type_name"),
    [
        ("unsupported", "unsupported.poll_creation"),
        ("number_changed", "system.user_changed_number"),
        ("template_status", "message_template_status_update"),
    ],
)
def test_what_is_not_known_is_kept_under_the_platforms_name(name: str, type_name: str) -> None:
    [event] = parse(sample(name))
    assert isinstance(event.body, UnrecognisedEvent)
    assert event.body.type == type_name
    assert event.body.reason == ""
    assert json.loads(event.body.payload)


def test_one_bad_message_takes_no_other_with_it() -> None:
    payload = sample("text_reply")
    [good] = value_of(payload)["messages"]
    value_of(payload)["messages"] = [
        7,
        {**good, "id": "wamid.BAD==", "type": "image", "image": "none"},
        {**good, "id": "wamid.LATE==", "timestamp": "yesterday"},
        good,
    ]
    events = parse(payload)
    assert [type(event.body).__name__ for event in events] == [
        "UnrecognisedEvent",
        "WrittenMessage",
        "UnrecognisedEvent",
        "WrittenMessage",
    ]
    reasons = [event.body.reason for event in events if isinstance(event.body, UnrecognisedEvent)]
    assert any("messages[1].image is a text" in reason for reason in reasons)
    assert (events[1].event_id, events[1].occurred_at_us) == ("wamid.LATE==", None)


def test_a_contact_that_is_not_understood_costs_the_name_alone() -> None:
    payload = sample("text_reply")
    value_of(payload)["contacts"] = ["?", {"wa_id": "46701740605", "profile": {"name": 7}}]
    [event] = parse(payload)
    assert isinstance(event.body, WrittenMessage)
    assert (event.author_id, event.body.author_name) == ("46701740605", "")


def test_an_echo_that_does_not_say_who_wrote_is_the_numbers() -> None:
    payload = sample("echo")
    [echo] = value_of(payload)["message_echoes"]
    del echo["from"], value_of(payload)["metadata"]["display_phone_number"]
    [event] = parse(payload)
    assert (event.thread_id, event.author_id) == (THREAD, "2201884400")


def test_a_message_from_nobody_is_kept() -> None:
    payload = sample("number_changed")
    [message] = value_of(payload)["messages"]
    del message["from"]
    [event] = parse(payload)
    assert isinstance(event.body, UnrecognisedEvent)
    assert event.body.type == "system.user_changed_number"


def test_a_retry_in_other_company_has_the_same_ids() -> None:
    payload = sample("statuses")
    together = {event.event_id for event in parse(payload)}
    alone = set()
    for status in list(value_of(payload)["statuses"]):
        value_of(payload)["statuses"] = [status]
        alone |= {event.event_id for event in parse(payload)}
    assert alone == together


@pytest.mark.parametrize("level", ["entry list", "change", "value"])
def test_a_relays_payload_without_its_envelope_is_read(level: str) -> None:
    payload = sample("text_reply")
    inner = {
        "entry list": payload["entry"],
        "change": payload["entry"][0]["changes"][0],
        "value": value_of(payload),
    }[level]
    assert parse(inner) == parse(payload)


def test_a_body_that_is_no_webhook_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="entry is missing"):
        parse({"hello": "world"})


def one_of(message: dict[str, object]) -> IncomingEvent:
    payload = sample("text_reply")
    value_of(payload)["messages"] = [{"from": "46701740605", "timestamp": "1767168000"} | message]
    [event] = parse(payload)
    return event


@pytest.mark.parametrize(
    ("message", "body"),
    [
        ({"text": {"body": "Hej"}}, replace(MIRA, text="Hej")),
        (
            {"location": {"latitude": "59.3293", "longitude": "18.0686"}},
            replace(MIRA, location=Location(59.3293, 18.0686)),
        ),
        (
            {"contacts": [{"name": {"formatted_name": "Ove"}}]},
            replace(MIRA, attachments=(Attachment("contact", name="Ove"),)),
        ),
        (
            {"reaction": {"message_id": "wamid.OURS0=="}},
            Reaction("wamid.OURS0==", "", removed=True),
        ),
    ],
)
def test_a_message_without_a_type_is_read_by_what_it_holds(
    message: dict[str, object], body: IncomingBody
) -> None:
    assert one_of({"id": "wamid.MIRA1==", **message}).body == body


def test_a_message_without_an_id_is_named_by_what_it_says() -> None:
    event = one_of({"type": "text", "text": {"body": "Hej"}})
    assert isinstance(event.body, WrittenMessage)
    assert event.event_id == event.body.message_id
    assert event == one_of({"type": "text", "text": {"body": "Hej"}})
    assert event.event_id != one_of({"type": "text", "text": {"body": "Hej!"}}).event_id


@pytest.mark.parametrize("latitude", ["north", "nan", "", [], "1" * 40])
def test_a_place_that_is_none_is_kept_with_its_reason(latitude: object) -> None:
    body = one_of({"id": "wamid.P==", "location": {"latitude": latitude, "longitude": 1}}).body
    assert isinstance(body, UnrecognisedEvent)
    assert "latitude" in body.reason


def test_a_price_may_be_written_as_a_text() -> None:
    item = {"product_retailer_id": "MUG", "quantity": "2", "item_price": "9.50", "currency": "EUR"}
    body = one_of({"id": "wamid.O==", "type": "order", "order": {"product_items": [item]}}).body
    assert isinstance(body, WrittenMessage)
    assert [one.name for one in body.attachments] == ["2 × MUG, 9.5 EUR"]
