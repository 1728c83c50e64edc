from __future__ import annotations

import contextlib
import hmac
import json
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.channels.line import LineChannel, LineSettings
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import (
    Attachment,
    IncomingBody,
    IncomingEvent,
    Location,
    MessageDeletion,
    Receipt,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = LineChannel()
SAMPLES = Path(__file__).parent / "samples"
HEADER = "x-line-signature"


def parse(payload: object) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest(json.dumps(payload).encode()))


def sample() -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest((SAMPLES / "batch.json").read_bytes()))


def event(kind: str, **fields: Any) -> IncomingEvent:
    entry = {
        "type": kind,
        "timestamp": 1_772_529_342_123,
        "webhookEventId": "01EVENT",
        "source": {"type": "user", "userId": "Ucustomer01"},
        **fields,
    }
    [read] = parse({"destination": "Ubot", "events": [entry]})
    return read


def by_customer(message_id: str, **fields: Any) -> WrittenMessage:
    return WrittenMessage(message_id, "customer", "", **{"text": "", **fields})


def test_the_published_signature_is_accepted_and_no_other(
    vector: Callable[[str], dict[str, Any]],
) -> None:
    published = vector("line-signature")
    settings = LineSettings(("old", published["secret"]["channel_secret"]))
    [offered] = published["request"]["headers"].values()
    body = published["request"]["raw_body"].encode()
    CHANNEL.verify(InboundRequest(body, {HEADER: offered}), settings, 0)
    wrong = published["negative"]["X-Line-Signature"]
    for request in (
        InboundRequest(b"B" + body[1:], {HEADER: offered}),
        InboundRequest(body, {HEADER: offered.replace("g", "h", 1)}),
        InboundRequest(body, {HEADER: wrong}),
        InboundRequest(body, {HEADER: "\udcff"}),
        InboundRequest(b"\xff", {HEADER: offered}),
        InboundRequest(body),
    ):
        with pytest.raises(RefusedError):
            CHANNEL.verify(request, settings, 0)


@given(st.binary(max_size=60), st.text(max_size=60))
def test_no_bytes_break_the_check(body: bytes, offered: str) -> None:
    settings = LineSettings(("secret",))
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(body, {HEADER: offered}), settings, 0)


@given(st.text(max_size=60))
def test_what_is_signed_is_accepted(text: str) -> None:
    body = text.encode(errors="replace")
    signature = b64encode(hmac.digest(b"secret", body, sha256)).decode()
    CHANNEL.verify(InboundRequest(body, {HEADER: signature}), LineSettings(("secret",)), 0)


def test_an_address_is_tried_out_with_nothing_in_it() -> None:
    assert parse({"destination": "Ubot", "events": []}) == []


def test_texts_media_stickers_and_places_are_read() -> None:
    bodies = [one.body for one in sample()]
    sticker = "https://stickershop.line-scdn.net/stickershop/v1/sticker/1988/android/sticker.png"
    assert bodies == [
        by_customer(
            "444573844083572737",
            text="@Nordwind 荷物が届きません (sad)",
            reply_to_message_id="444573844083570000",
        ),
        by_customer("354718705033693861", attachments=(Attachment("image", "354718705033693861"),)),
        by_customer(
            "354718705033693862",
            attachments=(
                Attachment("video", "354718705033693862", "https://media.example.org/v.mp4"),
            ),
        ),
        by_customer(
            "354718705033693863",
            attachments=(
                Attachment("file", "354718705033693863", name="請求書.pdf", size_bytes=21_380),
            ),
        ),
        by_customer(
            "354718705033693864",
            text="まだ?",
            attachments=(Attachment("sticker", "1988", sticker, "image/png", "angry, waiting"),),
        ),
        by_customer(
            "354718705033693865",
            location=Location(35.681236, 139.767125, "here", "東京都千代田区丸の内1"),
        ),
    ]


def test_groups_and_rooms_are_threads_and_so_is_who_writes_alone() -> None:
    events = sample()
    assert [one.thread_id for one in events[:3]] == ["Cgroup01", "Ucustomer01", "Rroom01"]
    assert [one.author_id for one in events[:3]] == ["Ucustomer01", "Ucustomer01", "Ucustomer02"]
    assert events[0].event_id == "01LINE0000000000000000TEXT"
    assert events[0].occurred_at_us == 1_772_529_342_123_000


def test_an_event_without_an_id_is_named_by_its_message() -> None:
    message = {"id": "325708", "type": "text", "text": "hi"}
    assert event("message", message=message, webhookEventId=None).event_id == "message:325708"
    assert len(event("follow", webhookEventId=None).event_id) == 64


def test_an_edit_is_about_the_same_message() -> None:
    message = {"id": "1", "type": "text", "text": "better"}
    assert event("messageEdited", message=message).body == by_customer(
        "1", text="better", edited=True
    )


def test_an_unsent_message_is_deleted() -> None:
    assert event("unsend", unsend={"messageId": "325708"}).body == MessageDeletion("325708")


@pytest.mark.parametrize(
    ("params", "text"),
    [
        (None, ""),
        ({"datetime": "2026-12-25T01:00"}, "2026-12-25T01:00"),
        ({"date": "2026-04-01"}, "2026-04-01"),
        ({"time": "10:00"}, "10:00"),
        ({"newRichMenuAliasId": "menu-b", "status": "SUCCESS"}, ""),
    ],
)
def test_a_pressed_button_tells_its_data_and_what_was_picked(
    params: dict[str, str] | None, text: str
) -> None:
    read = event("postback", postback={"data": "action=refund", "params": params})
    assert read.body == by_customer("01EVENT", text=text, payload="action=refund")


def test_a_notification_that_arrived_is_a_receipt() -> None:
    body = event("delivery", delivery={"data": "15034552939884"}, source=None).body
    assert body == Receipt("delivered", ("15034552939884",))


@pytest.mark.parametrize(
    "kind",
    [
        "follow",
        "unfollow",
        "join",
        "leave",
        "memberJoined",
        "memberLeft",
        "videoPlayComplete",
        "beacon",
        "accountLink",
        "things",
        "membership",
        "module",
        "activated",
        "deactivated",
        "botSuspended",
        "botResumed",
        "undefined",
    ],
)
def test_what_nobody_wrote_is_kept_with_its_type_author_and_time(kind: str) -> None:
    read = event(kind)
    assert isinstance(read.body, UnrecognisedEvent)
    assert read.body.type == kind
    assert (read.author_id, read.thread_id) == ("Ucustomer01", "Ucustomer01")
    assert read.occurred_at_us == 1_772_529_342_123_000


def test_a_kind_of_message_that_is_new_is_kept_by_its_name() -> None:
    body = event("message", message={"id": "1", "type": "hologram"}).body
    assert isinstance(body, UnrecognisedEvent)
    assert body.type == "message.hologram"


def test_one_bad_entry_does_not_take_the_others_with_it() -> None:
    good = {"type": "unsend", "source": {}, "unsend": {"messageId": "1"}}
    bad, not_an_event, read = parse({"events": [{"type": "message"}, 7, good]})
    assert isinstance(bad.body, UnrecognisedEvent)
    assert bad.body.reason == "events[0].message is missing"
    assert isinstance(not_an_event.body, UnrecognisedEvent)
    assert read.body == MessageDeletion("1")
    assert len({one.event_id for one in (bad, not_an_event, read)}) == 3


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"events":{}}'])
def test_what_is_no_batch_is_told(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        CHANNEL.parse(InboundRequest(body))


@given(data=st.data())
def test_no_change_of_a_payload_breaks_the_parser(
    changed: Callable[[Any], st.SearchStrategy[Any]], data: st.DataObject
) -> None:
    payload = data.draw(changed(json.loads((SAMPLES / "batch.json").read_text())))
    with contextlib.suppress(InvalidRequestError):
        bodies: list[IncomingBody] = [one.body for one in parse(payload)]
        assert len(bodies) == len(payload.get("events") or ())


def test_an_event_is_read_also_outside_of_its_batch() -> None:
    message = {"id": "31", "type": "text", "text": "\u304a\u306f\u3088\u3046"}
    source = {"type": "user", "userId": "Ucustomer02"}
    entry = {"type": "message", "timestamp": 1_772_529_342_123, "source": source}
    [alone] = parse({**entry, "message": message})
    [batched] = parse({"events": [{**entry, "message": message}]})
    assert alone == batched
    [bare] = parse(message)
    assert bare.body == by_customer("31", text="\u304a\u306f\u3088\u3046")
    assert bare.event_id == "message:31"


def test_a_button_without_data_and_a_size_written_as_a_text_are_read() -> None:
    assert event("postback", postback={"data": ""}).body == by_customer("01EVENT")
    message = {"id": "32", "type": "file", "fileName": "a.pdf", "fileSize": "512"}
    body = event("message", message=message).body
    assert isinstance(body, WrittenMessage)
    assert body.attachments[0].size_bytes == 512


@given(data=st.data())
def test_no_change_of_a_capture_breaks_the_parser(
    changed: Callable[[Any], st.SearchStrategy[Any]], data: st.DataObject
) -> None:
    message = {"id": "31", "type": "file", "fileName": "a.pdf", "fileSize": "512"}
    entry = {"type": "message", "source": {"userId": "U2"}, "timestamp": 1, "message": message}
    with contextlib.suppress(InvalidRequestError):
        parse(data.draw(changed(data.draw(st.sampled_from([message, entry])))))


def test_a_message_without_an_id_is_named_by_its_event() -> None:
    read = event("message", message={"type": "text", "text": "hello"})
    assert read.body == by_customer("01EVENT", text="hello")
