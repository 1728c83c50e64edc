from __future__ import annotations

import contextlib
import hmac
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.channels.discourse import DiscourseChannel, DiscourseSettings
from services.gateway.channels.discourse_posts import quotes_apart
from services.gateway.domain.inbound import (
    Answer,
    InboundRequest,
    InvalidRequestError,
    RefusedError,
)
from services.gateway.domain.incoming import (
    Attachment,
    CustomerAction,
    Engagement,
    Identifier,
    IncomingEvent,
    MessageDeletion,
    Reaction,
    StatusChange,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = DiscourseChannel()
SETTINGS = DiscourseSettings(secrets=("new secret", "old secret"), own_usernames=("Shop-Care",))
SAMPLES = Path(__file__).parent / "samples"
POST = json.loads((SAMPLES / "post.json").read_bytes())
CHAT = json.loads((SAMPLES / "chat.json").read_bytes())
AT_US = 1_772_439_330_250_000


def sign(body: bytes, secret: str = "old secret") -> str:
    return "sha256=" + hmac.new(secret.encode(), body, sha256).hexdigest()


def verified(payload: object, event: str = "") -> InboundRequest:
    body = json.dumps(payload).encode()
    headers = {
        "x-discourse-event-signature": sign(body),
        "x-discourse-instance": "https://forum.example.com",
    }
    if event:
        headers["x-discourse-event"] = event
    return CHANNEL.verify(InboundRequest(body, headers), SETTINGS, 0)


def parse(payload: object, event: str = "") -> list[IncomingEvent]:
    return CHANNEL.parse(verified(payload, event))


def post(event: str = "", **fields: Any) -> IncomingEvent:
    return parse({"post": POST["post"] | fields}, event)[0]


def written(event: IncomingEvent) -> WrittenMessage:
    assert isinstance(event.body, WrittenMessage)
    return event.body


@pytest.mark.parametrize("flipped", range(0, 70, 3))
def test_a_signature_with_one_flipped_bit_is_refused(flipped: int) -> None:
    body = b'{"ping": "OK"}'
    offered = bytearray(sign(body).encode())
    CHANNEL.verify(
        InboundRequest(body, {"x-discourse-event-signature": offered.decode()}), SETTINGS, 0
    )
    offered[flipped] ^= 1
    headers = {"x-discourse-event-signature": offered.decode()}
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(body, headers), SETTINGS, 0)


def test_a_changed_body_is_refused() -> None:
    headers = {"x-discourse-event-signature": sign(b'{"ping": "OK"}')}
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(b'{"ping": "OJ"}', headers), SETTINGS, 0)


def test_a_ping_is_answered_and_must_be_signed() -> None:
    headers = {
        "x-discourse-event-type": "ping",
        "x-discourse-event-signature": sign(b'{"ping":"OK"}'),
    }
    assert CHANNEL.handshake(InboundRequest(b'{"ping":"OK"}', headers), SETTINGS, 0) == Answer()
    with pytest.raises(RefusedError):
        CHANNEL.handshake(InboundRequest(b"{}", headers), SETTINGS, 0)
    assert CHANNEL.handshake(InboundRequest(b"{}"), SETTINGS, 0) is None


def test_a_captured_post_is_read_without_headers() -> None:
    [event] = CHANNEL.parse(InboundRequest((SAMPLES / "post.json").read_bytes()))
    assert event == IncomingEvent(
        event_id="post:5012:1",
        channel="discourse",
        thread_id="311",
        body=WrittenMessage(
            message_id="5012",
            author_kind="customer",
            author_name="Mira Okafor",
            text=(
                "Mine dies after *two hours*. See photo.\n\n![dead|690x388](upload://abc123.png)"
            ),
            reply_to_message_id="311/2",
            attachments=(
                Attachment(
                    "image",
                    url="https://cdn.forum.example.com/original/1X/dead.png",
                    name="dead",
                    inline=True,
                ),
                Attachment("file", url="/uploads/short-url/log.txt", name="log.txt"),
            ),
            subject="Battery of the K2",
            quoted_text="The battery lasts a day.",
            is_public=True,
            reply_address="post:311:4:mira",
        ),
        occurred_at_us=AT_US,
        author_id="77",
    )


@pytest.mark.parametrize(
    ("raw", "text", "quoted"),
    [
        ('[quote="a, post:1"]x[/quote]y', "y", "x"),
        ("[quote=[/quote]", "[quote=", ""),
        ("[quote]x", "[quote]x", ""),
        ("a[/quote]b", "ab", ""),
        ("a[quote]x[/quote]b[quote]y[/quote]", "a\n\nb", "x\n\ny"),
    ],
)
def test_quotations_are_told_apart(raw: str, text: str, quoted: str) -> None:
    message = written(post(raw=raw))
    assert (message.text, message.quoted_text) == (text, quoted)


@given(st.text(alphabet='[]/quote="\n x', max_size=60), st.integers(0, 60))
def test_any_quotation_is_read(raw: str, at: int) -> None:
    quotes_apart(f"{raw[:at]}[quote]{raw[at:]}[/quote]")


def test_without_the_raw_text_the_cooked_one_is_read() -> None:
    message = written(post(raw=None))
    assert message.text == "Mine dies after two hours. See photo. :cry:\n\nlog.txt"
    assert message.quoted_text == "tomas:\n\nThe battery lasts a day."


def test_addresses_are_made_whole_with_the_forums_own() -> None:
    assert written(post()).attachments[1].url == (
        "https://forum.example.com/uploads/short-url/log.txt"
    )


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"staff": True}, "agent"),
        ({"moderator": True}, "agent"),
        ({"username": "shop-care"}, "agent"),
        ({"user_id": -1, "username": "system"}, "system"),
        ({"user_id": -2, "username": "discobot"}, "bot"),
        ({"user_id": None}, "customer"),
    ],
)
def test_who_writes_for_the_organisation_is_no_customer(fields: dict[str, Any], kind: str) -> None:
    assert written(post(**fields)).author_kind == kind


def test_nobody_names_themselves_one_of_the_organisation() -> None:
    body = json.dumps({"post": POST["post"]}).encode()
    headers = {"x-discourse-event-signature": sign(body), "x-careline-own-names": "mira"}
    request = CHANNEL.verify(InboundRequest(body, headers), SETTINGS, 0)
    assert written(CHANNEL.parse(request)[0]).author_kind == "customer"


def test_a_personal_message_and_a_whisper_are_not_public() -> None:
    assert not written(post(topic_archetype="private_message")).is_public
    assert not written(post(post_type=4)).is_public
    assert written(post(topic_archetype="private_message")).reply_address.startswith("message:")


def test_what_the_forum_says_by_itself_is_not_a_message() -> None:
    assert isinstance(post(post_type=3).body, UnrecognisedEvent)


def test_an_edit_is_a_new_version_of_its_post_with_its_counts() -> None:
    edited, counts = parse(
        {
            "post": POST["post"]
            | {"version": 2, "updated_at": "2026-03-02T08:15:31.250Z", "reads": 9}
        }
    )
    assert written(edited).edited
    assert edited.occurred_at_us == AT_US + 1_000_000
    assert edited.event_id.startswith("post:5012:2:")
    assert counts.body == Engagement("5012", replies=0, reach=9)


def test_an_edit_within_the_first_minutes_is_told_by_the_header() -> None:
    first, again = post("post_created"), post("post_edited", raw="Mine dies at once.")
    assert written(again).edited
    assert again.event_id != first.event_id


def test_a_retry_is_the_same_event() -> None:
    assert post("post_created") == post("post_created")


def test_a_deleted_post_can_come_back() -> None:
    gone = post("post_destroyed", deleted_at="2026-03-02T09:00:00Z")
    back = post("post_recovered")
    assert gone.body == post(deleted_at="2026-03-02T09:00:00Z").body == MessageDeletion("5012")
    assert written(back).edited
    assert len({gone.event_id, back.event_id, post("post_created").event_id}) == 3


def test_a_like_is_a_reaction() -> None:
    like = {"like": {"post": POST["post"], "user": {"id": 8, "username": "ben"}}}
    [event] = parse(like, "post_liked")
    assert event.body == Reaction("5012", "like")
    assert (event.author_id, event.thread_id) == ("8", "311")


def test_a_solution_solves_the_topic_and_can_be_taken_back() -> None:
    [solved] = parse({"solved": POST["post"]}, "accepted_solution")
    [opened] = parse({"solved": POST["post"]}, "unaccepted_solution")
    assert (solved.body, opened.body) == (StatusChange("solved"), StatusChange("open"))
    assert solved.thread_id == "311"


def test_a_topic_is_closed() -> None:
    [event] = parse({"topic": {"id": 311, "closed": True}}, "topic_closed_status_updated")
    assert (event.body, event.thread_id) == (StatusChange("closed"), "311")


def test_a_new_topic_is_recorded_with_its_author_and_thread() -> None:
    topic = {"id": 311, "created_at": "2026-03-02T08:15:30.250Z", "created_by": {"id": 77}}
    [event] = parse({"topic": topic}, "topic_created")
    assert isinstance(event.body, UnrecognisedEvent)
    assert (event.thread_id, event.author_id, event.occurred_at_us) == ("311", "77", AT_US)


def test_a_topics_counts_are_those_of_its_first_post() -> None:
    topic = {"id": 311, "like_count": 4, "reply_count": 2, "views": 90}
    [_, counts] = parse({"topic": topic}, "topic_edited")
    assert counts.body == Engagement("311/1", likes=4, replies=2, reach=90)
    assert counts.thread_id == "311"


def test_a_new_member_brings_their_mail_address() -> None:
    user = {
        "id": 77,
        "username": "mira",
        "name": "Mira",
        "email": "mira@example.org",
        "external_id": "crm-4",
        "created_at": "2026-03-02T08:15:30.250Z",
    }
    [event] = parse({"user": user}, "user_created")
    assert event.body == CustomerAction(
        "user.created",
        "77",
        "Mira",
        (Identifier("email", "mira@example.org"), Identifier("external_id", "crm-4")),
    )
    assert (event.author_id, event.occurred_at_us) == ("77", AT_US)


def test_a_chat_message_is_read() -> None:
    [event] = parse(CHAT)
    assert event == IncomingEvent(
        event_id="chat:91",
        channel="discourse",
        thread_id="chat:3:12",
        body=WrittenMessage(
            message_id="chat:91",
            author_kind="customer",
            author_name="mira",
            text="anyone awake? :wave:",
            reply_to_message_id="chat:90",
            attachments=(
                Attachment(
                    "audio",
                    "8",
                    "https://forum.example.com/uploads/default/voice.mp3",
                    name="voice.mp3",
                    size_bytes=4096,
                ),
            ),
            subject="Help",
            is_public=True,
            reply_address="chat:3:12|91",
        ),
        occurred_at_us=1_772_488_801_000_000,
        author_id="77",
    )


def test_a_chat_message_is_changed_and_deleted() -> None:
    [edited] = parse(CHAT, "chat_message_edited")
    [gone] = parse(CHAT, "chat_message_trashed")
    assert written(edited).edited
    assert gone.body == MessageDeletion("chat:91")
    assert len({edited.event_id, gone.event_id, "chat:91"}) == 3


@pytest.mark.parametrize("name", ["notification", "group", "user_badge", "reviewable", "ping"])
def test_other_events_are_recorded_as_they_came(name: str) -> None:
    [event] = parse({name: {"id": 1, "topic_id": 4}})
    assert isinstance(event.body, UnrecognisedEvent)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b"\xff", b"{" * 100_000, b"NaN"])
def test_what_is_no_webhook_is_told(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        CHANNEL.parse(InboundRequest(body))


@given(st.binary(max_size=200), st.text(max_size=80))
def test_any_bytes_are_taken_or_refused(body: bytes, offered: str) -> None:
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(body, {"x-discourse-event-signature": offered}), SETTINGS, 0)
    with contextlib.suppress(InvalidRequestError):
        CHANNEL.parse(InboundRequest(body))


@given(st.data())
def test_any_changed_payload_is_read_or_told(
    changed: Callable[[Any], st.SearchStrategy[Any]], data: st.DataObject
) -> None:
    payload = data.draw(changed(data.draw(st.sampled_from([POST, CHAT]))))
    event = data.draw(st.sampled_from(["", "post_edited", "post_destroyed", "post_recovered"]))
    with contextlib.suppress(InvalidRequestError):
        CHANNEL.parse(InboundRequest(json.dumps(payload).encode(), {"x-discourse-event": event}))


@pytest.mark.parametrize(
    "settings",
    [
        DiscourseSettings(secrets=("",)),
        DiscourseSettings(base_url="forum.example.com"),
        DiscourseSettings(api_key="k"),
    ],
)
def test_wrong_settings_are_told_at_the_start(settings: DiscourseSettings) -> None:
    with pytest.raises(ValueError, match=r"secret|base_url"):
        CHANNEL.check(settings)
