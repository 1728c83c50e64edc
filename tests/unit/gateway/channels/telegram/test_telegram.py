from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.channels.telegram import TelegramChannel
from services.gateway.channels.telegram.settings import TelegramSettings
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import (
    Attachment,
    Engagement,
    Identifier,
    IncomingEvent,
    Location,
    MessageDeletion,
    Reaction,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = TelegramChannel()
SAMPLES = Path(__file__).parent / "samples"
SENT_AT = 1_767_168_000


def message(**changed: Any) -> dict[str, Any]:
    return {
        "message_id": 7,
        "date": SENT_AT,
        "chat": {"id": 42, "type": "private"},
        "from": {"id": 42, "is_bot": False, "first_name": "Ana", "last_name": "Pérez"},
        "text": "hola",
    } | changed


def parse_all(update: object) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest(json.dumps(update).encode()))


def parse(update: object) -> IncomingEvent:
    [event] = parse_all(update)
    return event


def sample(name: str) -> IncomingEvent:
    [event] = CHANNEL.parse(InboundRequest((SAMPLES / f"{name}.json").read_bytes()))
    return event


def written(*, kind: str = "message", **changed: Any) -> WrittenMessage:
    body = parse({"update_id": 1, kind: message(**changed)}).body
    assert isinstance(body, WrittenMessage)
    return body


def sent_by(**user: Any) -> dict[str, Any]:
    return {"from": user}


def media(**changed: Any) -> Attachment:
    [attachment] = written(text=None, **changed).attachments
    return attachment


@pytest.mark.parametrize("token", [None, "", "WRONG", "right ", "é", "\udcff"])
def test_another_token_is_refused(token: str | None) -> None:
    headers = {} if token is None else {"x-telegram-bot-api-secret-token": token}
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(b"{}", headers), TelegramSettings(("right",)), 0)


def test_each_of_an_accounts_tokens_is_accepted(vector: Callable[[str], dict[str, Any]]) -> None:
    [header] = vector("telegram-secret-token")["request"]["headers"]
    settings = TelegramSettings(("old", "new"))
    for token in settings.secrets:
        CHANNEL.verify(InboundRequest(b"{}", {header.lower(): token}), settings, 0)


@pytest.mark.parametrize("secret", ["", "a b", "é", "a" * 257])
def test_what_is_no_token_is_told_at_the_start(secret: str) -> None:
    with pytest.raises(ValueError, match="setWebhook"):
        CHANNEL.check(TelegramSettings((secret,)))


def test_a_message_is_read() -> None:
    update = {
        "update_id": 10_000,
        "message": message(
            reply_to_message={"message_id": 6},
            **{"from": {"id": 42, "first_name": "Ana", "language_code": "es"}},
        ),
    }
    assert parse(update) == IncomingEvent(
        event_id="10000",
        channel="telegram",
        thread_id="42",
        body=WrittenMessage(
            message_id="7",
            author_kind="customer",
            author_name="Ana",
            text="hola",
            reply_to_message_id="6",
            language_hint="es",
        ),
        occurred_at_us=SENT_AT * 1_000_000,
        author_id="42",
    )


def test_a_picture_in_a_topic_is_read_in_its_largest_size() -> None:
    assert sample("photo") == IncomingEvent(
        event_id="87001",
        channel="telegram",
        thread_id="-1001234567890:9",
        body=WrittenMessage(
            message_id="512",
            author_kind="customer",
            author_name="Ana Pérez",
            text="Aquí está",
            reply_to_message_id="500",
            language_hint="es",
            attachments=(Attachment("image", "AgAC-large", size_bytes=98_431),),
            quoted_text="una foto de la etiqueta",
        ),
        occurred_at_us=1_772_529_342_000_000,
        author_id="42",
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            {"voice": {"file_id": "v", "mime_type": "audio/ogg", "file_size": 9}},
            Attachment("audio", "v", media_type="audio/ogg", size_bytes=9),
        ),
        ({"audio": {"file_id": "a", "title": "Song"}}, Attachment("audio", "a", name="Song")),
        ({"video": {"file_id": "f", "file_name": "v.mp4"}}, Attachment("video", "f", name="v.mp4")),
        ({"video_note": {"file_id": "n", "length": 240}}, Attachment("video", "n")),
        (
            {
                "animation": {"file_id": "g", "mime_type": "video/mp4"},
                "document": {"file_id": "g", "mime_type": "video/mp4"},
            },
            Attachment("video", "g", media_type="video/mp4"),
        ),
        (
            {"document": {"file_id": "d", "file_name": "t.pdf", "mime_type": "application/pdf"}},
            Attachment("file", "d", media_type="application/pdf", name="t.pdf"),
        ),
        (
            {"sticker": {"file_id": "s", "emoji": "😡", "is_video": True}},
            Attachment("sticker", "s", media_type="video/webm", name="😡"),
        ),
        (
            {"sticker": {"file_id": "s", "is_animated": True}},
            Attachment("sticker", "s", media_type="application/x-tgsticker"),
        ),
        (
            {"contact": {"phone_number": "+1", "first_name": "Bo", "vcard": "BEGIN:VCARD"}},
            Attachment("contact", media_type="text/vcard", name="Bo +1", content=b"BEGIN:VCARD"),
        ),
        (
            {"story": {"id": 3, "chat": {"id": 5, "type": "private", "username": "bo"}}},
            Attachment("link", "5:3", "https://t.me/bo/s/3"),
        ),
        (
            {"paid_media": {"paid_media": [{"type": "video", "video": {"file_id": "p"}}]}},
            Attachment("video", "p"),
        ),
    ],
)
def test_every_kind_of_medium_is_read(content: dict[str, Any], expected: Attachment) -> None:
    assert media(**content) == expected


def test_places_are_read_with_the_venues_name() -> None:
    spot = {"latitude": 40.4, "longitude": -3.7}
    venue = {"location": spot, "title": "Desk 4", "address": "Terminal 1"}
    assert written(text=None, location=spot).location == Location(40.4, -3.7)
    assert written(text=None, location=spot, venue=venue).location == Location(
        40.4, -3.7, "Desk 4", "Terminal 1"
    )


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (
            {"poll": {"question": "When?", "options": [{"text": "Mon"}, {"text": "Tue"}]}},
            "When?\n- Mon\n- Tue",
        ),
        ({"checklist": {"title": "To do", "tasks": [{"text": "pack"}]}}, "To do\n- pack"),
        ({"dice": {"emoji": "🎲", "value": 4}}, "🎲 4"),
        ({"invoice": {"title": "Order 7"}}, "Order 7"),
    ],
)
def test_what_is_neither_text_nor_medium_is_told_in_words(
    content: dict[str, Any], text: str
) -> None:
    assert written(text=None, **content).text == text


def test_what_a_web_app_sends_is_a_payload() -> None:
    body = written(text=None, web_app_data={"data": "seat=12A", "button_text": "Choose a seat"})
    assert (body.text, body.payload) == ("Choose a seat", "seat=12A")


@pytest.mark.parametrize("kind", ["edited_message", "edited_business_message"])
def test_an_edit_is_its_own_event_about_the_same_message(kind: str) -> None:
    edited = parse({"update_id": 2, kind: message(edit_date=SENT_AT + 60)})
    assert isinstance(edited.body, WrittenMessage)
    assert edited.body.edited
    assert edited.body.message_id == "7"
    assert edited.occurred_at_us == (SENT_AT + 60) * 1_000_000


def test_a_bots_message_is_a_bots() -> None:
    assert written(**sent_by(id=1, is_bot=True)).author_kind == "bot"


def test_a_nameless_author_is_called_by_the_user_name() -> None:
    assert written(**sent_by(id=1, username="ana")).author_name == "ana"


def test_the_first_message_of_a_topic_is_not_answered_by_all_others() -> None:
    first = {"message_id": 3, "forum_topic_created": {"name": "Bags"}}
    assert written(reply_to_message=first).reply_to_message_id == ""


def test_an_answer_to_another_chat_names_its_message() -> None:
    reply = {"origin": {"type": "user"}, "message_id": 99, "chat": {"id": -7}}
    assert written(external_reply=reply).reply_to_message_id == "99"


def test_a_channels_posts_are_public_and_the_organisations() -> None:
    channel = {"id": -100, "type": "channel", "title": "Nordwind news"}
    event = parse({"update_id": 1, "channel_post": message(chat=channel, **{"from": None})})
    assert isinstance(event.body, WrittenMessage)
    assert (event.body.author_kind, event.body.author_name) == ("agent", "Nordwind news")
    assert event.body.is_public
    assert (event.author_id, event.thread_id) == ("-100", "-100")


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"sender_chat": {"id": -5, "title": "Fans"}}, "customer"),
        ({"sender_chat": {"id": 42, "title": "Care"}}, "agent"),
        ({"sender_chat": {"id": -5, "title": "News"}, "is_automatic_forward": True}, "agent"),
    ],
)
def test_who_writes_in_a_chats_name_is_that_chat(fields: dict[str, Any], kind: str) -> None:
    event = parse({"update_id": 1, "message": message(**fields)})
    assert isinstance(event.body, WrittenMessage)
    assert event.body.author_kind == kind
    assert event.author_id == str(fields["sender_chat"]["id"])


def test_a_businesss_chat_is_its_customers_and_answered_through_its_connection() -> None:
    theirs = parse({"update_id": 1, "business_message": message(business_connection_id="bc1")})
    assert theirs.thread_id == "bc1:42"
    assert isinstance(theirs.body, WrittenMessage)
    assert (theirs.body.author_kind, theirs.body.reply_address) == ("customer", "bc1")
    owner = sent_by(id=8, first_name="Owner")
    ours = written(kind="business_message", business_connection_id="bc1", **owner)
    assert ours.author_kind == "agent"


def test_deletions_in_a_businesss_chat_are_told_one_by_one() -> None:
    deleted = {
        "business_connection_id": "bc1",
        "chat": {"id": 42, "type": "private"},
        "message_ids": [7, 8],
    }
    events = parse_all({"update_id": 5, "deleted_business_messages": deleted})
    assert [one.body for one in events] == [MessageDeletion("7"), MessageDeletion("8")]
    assert [one.event_id for one in events] == ["5", "5:1"]
    assert events[0].thread_id == "bc1:42"


def test_a_pressed_button_is_read() -> None:
    assert sample("button") == IncomingEvent(
        event_id="87002",
        channel="telegram",
        thread_id="42",
        body=WrittenMessage(
            message_id="4382bfdwdsb323b2d9",
            author_kind="customer",
            author_name="Ana",
            text="Sí",
            reply_to_message_id="513",
            language_hint="es",
            payload="refund:yes",
        ),
        occurred_at_us=None,
        author_id="42",
    )


def test_a_changed_reaction_takes_one_back_and_gives_one() -> None:
    change = {
        "chat": {"id": -100},
        "message_id": 7,
        "user": {"id": 42},
        "date": SENT_AT,
        "old_reaction": [{"type": "emoji", "emoji": "👍"}],
        "new_reaction": [{"type": "custom_emoji", "custom_emoji_id": "5368"}],
    }
    events = parse_all({"update_id": 5, "message_reaction": change})
    assert [one.body for one in events] == [
        Reaction("7", "👍", removed=True),
        Reaction("7", "5368"),
    ]
    assert {one.author_id for one in events} == {"42"}
    assert len({one.event_id for one in events}) == 2


def test_counted_reactions_are_engagement() -> None:
    counts = [{"type": {"type": "emoji", "emoji": "👍"}, "total_count": 3}, {"total_count": 4}]
    change = {"chat": {"id": -100}, "message_id": 7, "date": SENT_AT, "reactions": counts}
    assert parse({"update_id": 5, "message_reaction_count": change}).body == Engagement("7", 7)


@pytest.mark.parametrize(("number", "phone"), [("+34600", "+34600"), ("34600", "+34600")])
def test_ones_own_shared_contact_is_ones_phone_number(number: str, phone: str) -> None:
    contact = {"phone_number": number, "first_name": "Ana", "user_id": 42}
    assert written(text=None, contact=contact).identifiers == (Identifier("phone", phone),)


@pytest.mark.parametrize("whose", [{"user_id": 43}, {}])
def test_somebody_elses_contact_says_nothing_of_the_author(whose: dict[str, int]) -> None:
    contact = {"phone_number": "+34600000000", "first_name": "Bo", **whose}
    assert written(contact=contact).identifiers == ()


@pytest.mark.parametrize(
    ("update", "name"),
    [
        ({"inline_query": {"id": "1"}}, "inline_query"),
        ({"poll_answer": {"poll_id": "1"}}, "poll_answer"),
        ({"channel_post": {}}, "channel_post"),
        ({"Weird Name": {}}, "update"),
        ({}, "update"),
        ({"message": {"message_id": 1}}, "message"),
        ({"message": "text"}, "message"),
        ({"message": message(date="now")}, "message"),
        ({"message": message(text="\ud800")}, "message"),
        ({"callback_query": {"id": "1"}}, "callback_query"),
        ({"message_reaction": {"chat": {"id": 1}, "message_id": 1}}, "message_reaction"),
        (
            {"message": message(text=None, pinned_message={"message_id": 1})},
            "message.pinned_message",
        ),
        (
            {"message": message(text=None, new_chat_members=[{"id": 1}])},
            "message.new_chat_members",
        ),
        ({"message": message(text=None, successful_payment={})}, "message.successful_payment"),
    ],
)
def test_what_is_not_understood_is_kept_as_it_came(update: dict[str, Any], name: str) -> None:
    body = {"update_id": 5, **update}
    event = parse(body)
    assert isinstance(event.body, UnrecognisedEvent)
    assert event.body.type == name
    assert event.event_id == "5"
    assert json.loads(event.body.payload) == body


def test_a_changed_membership_is_kept_with_its_author_and_time() -> None:
    change = {"chat": {"id": 42}, "from": {"id": 42}, "date": SENT_AT}
    event = parse({"update_id": 5, "my_chat_member": change})
    assert isinstance(event.body, UnrecognisedEvent)
    assert (event.author_id, event.occurred_at_us) == ("42", SENT_AT * 1_000_000)


def test_the_reason_names_the_field_and_not_its_content() -> None:
    event = parse({"update_id": 5, "message": message(date="my secret")})
    assert isinstance(event.body, UnrecognisedEvent)
    assert event.body.reason == "message.date is a text; a whole number is expected"


@pytest.mark.parametrize(
    "update", [[], {}, {"update_id": "1"}, {"update_id": True}, {"update_id": 2**63}]
)
def test_without_an_update_id_it_is_no_update(update: object) -> None:
    with pytest.raises(InvalidRequestError):
        parse(update)


@pytest.mark.parametrize("name", ["photo", "button"])
@given(data=st.data())
def test_no_change_of_a_payload_breaks_the_parser(
    name: str, changed: Callable[[Any], st.SearchStrategy[Any]], data: st.DataObject
) -> None:
    payload = data.draw(changed(json.loads((SAMPLES / f"{name}.json").read_text())))
    with contextlib.suppress(InvalidRequestError):
        assert parse_all(payload)


def test_an_edit_that_does_not_tell_its_time_has_that_of_the_message() -> None:
    event = parse({"update_id": 5, "edited_message": message()})
    assert isinstance(event.body, WrittenMessage)
    assert (event.body.edited, event.occurred_at_us) == (True, SENT_AT * 1_000_000)


@pytest.mark.parametrize(
    ("alone", "edited"),
    [
        (message(), False),
        ({"message": message()}, False),
        ({"ok": True, "result": message()}, False),
        ({"ok": True, "result": [{"update_id": 5, "message": message()}]}, False),
        (message(edit_date=SENT_AT), True),
        ({"update_id": 5, "message": message(date=None)}, False),
    ],
)
def test_a_message_is_read_also_outside_of_its_update(alone: object, *, edited: bool) -> None:
    event = parse(alone)
    assert isinstance(event.body, WrittenMessage)
    assert (event.thread_id, event.author_id, event.body.text) == ("42", "42", "hola")
    assert event.body.edited is edited
    assert event.event_id == parse(alone).event_id


def test_an_answer_of_get_updates_is_read_update_by_update() -> None:
    updates = [{"update_id": n, "message": message(message_id=n)} for n in (3, 4)]
    odd = {"update_id": 5, "purchased_paid_media": {"from": {"id": 42}}}
    events = parse_all({"ok": True, "result": [*updates, odd]})
    assert [event.event_id for event in events] == ["3", "4", "5"]
    assert isinstance(events[2].body, UnrecognisedEvent)
    assert json.loads(events[2].body.payload) == odd


def test_other_objects_are_known_by_what_they_hold() -> None:
    chat = {"id": -9, "type": "channel", "title": "News"}
    post = parse({"message_id": 3, "chat": chat, "date": SENT_AT, "text": "open"})
    assert isinstance(post.body, WrittenMessage)
    assert (post.body.is_public, post.body.author_name) == (True, "News")
    pressed = {"id": "8", "from": {"id": 42}, "chat_instance": "1", "data": "yes"}
    assert parse({**pressed, "message": message()}).thread_id == "42"
    given = {"chat": {"id": 42}, "message_id": 3, "new_reaction": [{"emoji": "\U0001f44d"}]}
    assert parse(given).body == Reaction("3", "\U0001f44d")
    gone = {"business_connection_id": "c", "chat": {"id": 42}, "message_ids": [3]}
    assert parse(gone).body == MessageDeletion("3")


def test_a_notice_is_kept_with_its_thread_author_and_time() -> None:
    event = parse({"update_id": 5, "message": message(text=None, left_chat_member={"id": 1})})
    assert isinstance(event.body, UnrecognisedEvent)
    assert (event.thread_id, event.author_id) == ("42", "42")
    assert event.occurred_at_us == SENT_AT * 1_000_000


def test_who_writes_in_private_is_the_chat_where_nobody_is_named() -> None:
    fields = message(chat={"id": 42, "type": "private", "first_name": "Ana"})
    del fields["from"]
    event = parse({"update_id": 5, "message": fields})
    assert isinstance(event.body, WrittenMessage)
    assert (event.author_id, event.body.author_name) == ("42", "Ana")


def test_a_picture_without_its_size_is_read() -> None:
    photo = [{"file_id": "small", "width": 9, "height": 9}, {"file_id": "unknown"}]
    assert [one.media_id for one in written(text=None, photo=photo).attachments] == ["small"]


def test_a_message_without_an_id_is_named_by_its_update() -> None:
    event = parse({"update_id": 5, "message": message(message_id=None)})
    assert isinstance(event.body, WrittenMessage)
    assert (event.body.message_id, event.body.text) == ("5", "hola")


def test_a_notice_is_named_by_what_it_tells_and_not_by_its_forward() -> None:
    fields = message(text=None, forward_date=SENT_AT, group_chat_created=True)
    body = parse({"update_id": 5, "message": fields}).body
    assert isinstance(body, UnrecognisedEvent)
    assert body.type == "message.group_chat_created"


@given(data=st.data())
def test_no_change_of_a_capture_breaks_the_parser(
    changed: Callable[[Any], st.SearchStrategy[Any]], data: st.DataObject
) -> None:
    pressed = {"id": "8", "from": {"id": 42}, "chat_instance": "1", "message": message()}
    notice = message(text=None, new_chat_members=[{"id": 1}])
    reacted = {"chat": {"id": 42}, "message_id": 3, "new_reaction": [{"emoji": "x"}]}
    updates = [{"update_id": 5, "message": notice}, {"update_id": 6, "callback_query": pressed}]
    captures = [message(), pressed, reacted, {"ok": True, "result": updates}, updates[0]]
    with contextlib.suppress(InvalidRequestError):
        parse_all(data.draw(changed(data.draw(st.sampled_from(captures)))))


@pytest.mark.parametrize(
    ("alone", "kind"),
    [
        ({"poll_id": "1", "user": {"id": 42}, "option_ids": [0]}, "poll_answer"),
        ({"id": "1", "from": {"id": 42}, "query": "bag", "offset": ""}, "inline_query"),
        ({"chat": {"id": 42}, "from": {"id": 42}, "new_chat_member": {}}, "chat_member"),
    ],
)
def test_what_nobody_wrote_is_kept_also_outside_of_its_update(
    alone: dict[str, Any], kind: str
) -> None:
    event = parse(alone)
    assert isinstance(event.body, UnrecognisedEvent)
    assert (event.body.type, event.author_id) == (kind, "42")
