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

from services.gateway.channels.x.channel import XChannel
from services.gateway.channels.x.settings import XSettings
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import (
    Attachment,
    IncomingEvent,
    Location,
    MessageDeletion,
    Reaction,
    Receipt,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = XChannel()
SETTINGS = XSettings(("test",))
SAMPLES = Path(__file__).parent / "samples"
OWN, CUSTOMER = "900100200300", "700800900"
HEADER = "x-twitter-webhooks-signature"


def sample(name: str) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest((SAMPLES / f"{name}.json").read_bytes()))


def parse(payload: object) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest(json.dumps(payload).encode()))


def status(**changed: Any) -> dict[str, Any]:
    return {
        "id_str": "11",
        "created_at": "Tue Mar 03 09:15:42 +0100 2026",
        "text": "hello",
        "user": {"id_str": CUSTOMER, "name": "Marit", "screen_name": "maritsol"},
        "lang": "no",
    } | changed


def post(**changed: Any) -> IncomingEvent:
    [event] = parse({"for_user_id": OWN, "tweet_create_events": [status(**changed)]})
    return event


def written(event: IncomingEvent) -> WrittenMessage:
    assert isinstance(event.body, WrittenMessage)
    return event.body


def test_the_published_signature_is_accepted_and_no_other(
    vector: Callable[[str], dict[str, Any]],
) -> None:
    published = vector("x-webhook-signature-1")
    settings = XSettings(("other", published["secret"]["consumer_secret"]))
    headers = published["request"]["headers"]
    body = published["request"]["raw_body"].encode()
    CHANNEL.verify(InboundRequest(body, headers), settings, 0)
    for flipped in (b"T" + body[1:], body + b"\n"):
        with pytest.raises(RefusedError):
            CHANNEL.verify(InboundRequest(flipped, headers), settings, 0)
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(body, headers), XSettings(("another",)), 0)


@pytest.mark.parametrize("offered", ["", "sha256=", "\udcff", "sha1=xyz"])
def test_what_is_no_signature_is_refused(offered: str) -> None:
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(b"{}", {HEADER: offered}), SETTINGS, 0)


def test_the_challenge_is_answered(vector: Callable[[str], dict[str, Any]]) -> None:
    published = vector("x-crc")
    settings = XSettings((published["secret"]["consumer_secret"],))
    request = InboundRequest(b"", query=published["request"]["query"], method="GET")
    answer = CHANNEL.handshake(request, settings, 0)
    assert answer is not None
    assert answer.content_type == "application/json"
    assert json.loads(answer.body) == {"response_token": published["computed"]}


@pytest.mark.parametrize("token", ['{"for_user_id":"1"}', "", "a b", "x" * 513])
def test_nobody_gets_a_body_signed_by_calling_it_a_challenge(token: str) -> None:
    with pytest.raises(RefusedError):
        CHANNEL.handshake(
            InboundRequest(b"", query={"crc_token": token}, method="GET"), SETTINGS, 0
        )


def test_other_requests_are_no_challenge() -> None:
    assert CHANNEL.handshake(InboundRequest(b"", method="GET"), SETTINGS, 0) is None
    assert CHANNEL.handshake(InboundRequest(b"", query={"crc_token": "t"}), SETTINGS, 0) is None


def test_a_long_post_is_read_whole_with_its_pictures_and_place() -> None:
    assert sample("mention_long") == [
        IncomingEvent(
            event_id="2028766001122334455",
            channel="x",
            thread_id="2028766001122334455",
            occurred_at_us=1_772_529_342_123_000,
            author_id=CUSTOMER,
            body=WrittenMessage(
                message_id="2028766001122334455",
                author_kind="customer",
                author_name="Marit Solberg",
                text="@NordwindAir my bag went to Lisbon & I did not. "
                "Could somebody tell me when we two will meet again?",
                language_hint="en",
                attachments=(
                    Attachment(
                        "image",
                        "2028765900000000001",
                        "https://pbs.twimg.com/media/Example1.jpg",
                    ),
                    Attachment(
                        "video",
                        "2028765900000000002",
                        "https://video.twimg.com/high.mp4",
                        "video/mp4",
                    ),
                ),
                location=Location(38.7223, -9.1393, "Lisbon, Portugal"),
                is_public=True,
                reply_address=CUSTOMER,
            ),
        )
    ]


def test_a_reply_stands_in_the_thread_of_what_it_answers() -> None:
    event = post(in_reply_to_status_id_str="10", in_reply_to_status_id=10)
    assert event.thread_id == "10"
    assert written(event).reply_to_message_id == "10"
    assert event.occurred_at_us == 1_772_525_742_000_000


def test_a_named_conversation_is_the_thread() -> None:
    assert post(in_reply_to_status_id_str="10", conversation_id_str="7").thread_id == "7"


def test_the_organisations_own_posts_are_an_agents() -> None:
    own = post(user={"id_str": OWN, "name": "Nordwind", "screen_name": "NordwindAir"})
    assert written(own).author_kind == "agent"
    assert own.author_id == OWN


def test_a_quote_carries_what_it_quotes_apart() -> None:
    quote = written(post(text="look", quoted_status=status(id_str="9", text="never late")))
    assert (quote.text, quote.quoted_text) == ("look", "never late")


def test_a_repost_says_the_whole_of_what_it_repeats() -> None:
    original = status(id_str="9", extended_tweet={"full_text": "a very long post"})
    event = post(text="RT @maritsol: a very…", retweeted_status=original)
    assert written(event).text == "RT @maritsol: a very long post"
    assert event.thread_id == "9"


def test_an_edit_is_about_the_first_version() -> None:
    event = post(id_str="12", edit_history={"edit_tweet_ids": ["11", "12"]})
    assert written(event).edited
    assert (written(event).message_id, event.event_id) == ("11", "12")


def test_a_note_is_read_whole() -> None:
    note = {"note_tweet_results": {"result": {"text": "all of it"}}}
    assert written(post(note_tweet=note)).text == "all of it"


def test_direct_messages_of_both_sides_stand_in_one_thread() -> None:
    theirs, ours = sample("direct_message")
    assert theirs == IncomingEvent(
        event_id="2028770000000000001",
        channel="x",
        thread_id=f"{OWN}:{CUSTOMER}",
        occurred_at_us=1_772_530_295_123_000,
        author_id=CUSTOMER,
        body=WrittenMessage(
            message_id="2028770000000000001",
            author_kind="customer",
            author_name="Marit Solberg",
            text="Here is the tag https://t.co/Zz99Yy88Xx",
            attachments=(
                Attachment("image", "2028769999999999999", "https://ton.twimg.com/dm/tag.jpg"),
            ),
            payload="lost_luggage",
        ),
    )
    assert ours.thread_id == theirs.thread_id
    assert written(ours).author_kind == "agent"
    assert written(ours).author_name == "Nordwind Air"


def direct_message(data: dict[str, Any]) -> WrittenMessage:
    entry = {
        "message_create": {
            "sender_id": CUSTOMER,
            "target": {"recipient_id": OWN},
            "message_data": {"id": "dm-1", "created_timestamp": 1_772_530_295_123, **data},
        }
    }
    [event] = parse({"for_user_id": OWN, "direct_message_events": [entry]})
    assert event.occurred_at_us == 1_772_530_295_123_000
    return written(event)


def test_a_direct_messages_id_and_time_may_stand_inside() -> None:
    assert direct_message({"text": "hi"}).message_id == "dm-1"


def test_media_may_be_a_list() -> None:
    media = [{"id": 9.3e17, "id_str": "93", "media_url_https": "https://x/1.jpg", "type": "photo"}]
    read = direct_message({"text": "", "attachment": {"media": media}})
    assert read.attachments == (Attachment("image", "93", "https://x/1.jpg"),)


def test_a_shared_place_is_a_location() -> None:
    spot = {"coordinates": {"type": "Point", "coordinates": [10.75, 59.91]}}
    place = {"type": "location", "location": {"shared_coordinate": spot}}
    assert direct_message({"attachment": place}).location == Location(59.91, 10.75)


def test_a_read_receipt_holds_until_it_was_sent() -> None:
    entry = {
        "created_timestamp": "1772530400000",
        "sender_id": CUSTOMER,
        "target": {"recipient_id": OWN},
        "last_read_event_id": "2028770000000000002",
    }
    [event] = parse({"for_user_id": OWN, "direct_message_mark_read_events": [entry]})
    assert event.body == Receipt("read", until_at_us=1_772_530_400_000_000)
    assert event.thread_id == f"{OWN}:{CUSTOMER}"
    assert event.author_id == CUSTOMER


def test_what_the_organisation_reads_is_no_receipt() -> None:
    entry = {"created_timestamp": "1", "sender_id": OWN, "last_read_event_id": "2"}
    [event] = parse({"for_user_id": OWN, "direct_message_mark_read_events": [entry]})
    assert isinstance(event.body, UnrecognisedEvent)


def test_a_like_is_a_reaction() -> None:
    entry = {
        "id": "a7ba59",
        "timestamp_ms": 1_772_530_400_000,
        "favorited_status": status(id_str="20", in_reply_to_status_id_str="19"),
        "user": {"id": 5, "id_str": "5", "name": "Bo"},
    }
    [event] = parse({"for_user_id": OWN, "favorite_events": [entry]})
    assert event.body == Reaction("20", "like")
    assert (event.thread_id, event.author_id, event.event_id) == ("19", "5", "a7ba59")


def test_a_deleted_post_is_a_deletion() -> None:
    entry = {"status": {"id": "20", "user_id": CUSTOMER}, "timestamp_ms": "1772530400000"}
    [event] = parse({"for_user_id": OWN, "tweet_delete_events": [entry]})
    assert event.body == MessageDeletion("20")
    assert event.author_id == CUSTOMER


@pytest.mark.parametrize(
    ("name", "entry", "kind"),
    [
        ("follow_events", {"type": "follow", "source": {"id": CUSTOMER}}, "follow"),
        ("follow_events", {"type": "unfollow", "source": {"id": CUSTOMER}}, "unfollow"),
        (
            "direct_message_indicate_typing_events",
            {"sender_id": CUSTOMER},
            "direct_message_indicate_typing_events",
        ),
    ],
)
def test_what_has_no_form_is_kept_with_its_author_and_time(
    name: str, entry: dict[str, Any], kind: str
) -> None:
    entry |= {"created_timestamp": "1772530400000"}
    [event] = parse({"for_user_id": OWN, name: [entry]})
    assert isinstance(event.body, UnrecognisedEvent)
    assert (event.body.type, event.author_id) == (kind, CUSTOMER)
    assert event.occurred_at_us == 1_772_530_400_000_000
    assert json.loads(event.body.payload) == entry


def test_a_revoked_app_is_kept() -> None:
    [event] = parse({"user_event": {"revoke": {"source": {"user_id": "1"}}}})
    assert isinstance(event.body, UnrecognisedEvent)
    assert event.body.type == "user_event"


def test_one_bad_entry_does_not_take_the_others_with_it() -> None:
    bad, good = parse({"tweet_create_events": [7, status()]})
    assert isinstance(bad.body, UnrecognisedEvent)
    assert bad.body.reason == "tweet_create_events[0].user is missing"
    assert written(good).text == "hello"


def test_a_mention_in_the_newer_envelope_is_read_with_what_it_refers_to() -> None:
    assert sample("activity_mention") == [
        IncomingEvent(
            event_id="2080765813578190000",
            channel="x",
            thread_id="2080765813570000000",
            occurred_at_us=1_784_928_203_000_000,
            author_id=CUSTOMER,
            body=WrittenMessage(
                message_id="2080765813578189999",
                author_kind="customer",
                author_name="Marit Solberg",
                text="@NordwindAir any news?",
                reply_to_message_id="2080765813577000000",
                edited=True,
                attachments=(
                    Attachment("image", "3_1", "https://pbs.twimg.com/media/p.jpg"),
                    Attachment("video", "7_2", "https://video.twimg.com/v.mp4", "video/mp4"),
                ),
                quoted_text="Our desks <24 h>",
                is_public=True,
                reply_address=CUSTOMER,
            ),
        )
    ]


def envelope(kind: str, payload: dict[str, Any]) -> list[IncomingEvent]:
    data = {"event_uuid": "-9", "event_type": kind, "filter": {"user_id": OWN}, "payload": payload}
    return parse({"data": data})


def test_the_newer_envelope_wraps_direct_messages_as_they_were() -> None:
    inner = json.loads((SAMPLES / "direct_message.json").read_text())
    users = {key: {"data": {"id": key, "name": one["name"]}} for key, one in inner["users"].items()}
    events = envelope("dm.received", {**inner, "users": users})
    assert events == sample("direct_message")


def test_a_flat_direct_message_is_read() -> None:
    [event] = envelope(
        "dm.received",
        {
            "id": "dm-1",
            "event_type": "MessageCreate",
            "sender_id": CUSTOMER,
            "dm_conversation_id": f"{CUSTOMER}-{OWN}",
            "text": "hello",
            "created_at": "2026-07-20T01:51:31Z",
        },
    )
    assert event.thread_id == f"{OWN}:{CUSTOMER}"
    assert written(event).text == "hello"


def test_deletions_and_likes_come_in_the_newer_envelope_too() -> None:
    [deleted] = envelope("post.delete", {"id": "20", "author_id": CUSTOMER})
    assert deleted.body == MessageDeletion("20")
    [liked] = envelope("like.create", {"liked_tweet_id": "21", "user_id": CUSTOMER})
    assert liked.body == Reaction("21", "like")


def test_what_the_newer_envelope_brings_beside_is_kept() -> None:
    [event] = envelope("profile.update.bio", {"before": "a", "after": "b"})
    assert isinstance(event.body, UnrecognisedEvent)
    assert (event.body.type, event.event_id) == ("profile.update.bio", "-9")


def test_a_post_of_the_filtered_stream_is_read() -> None:
    data = {"id": "5", "author_id": CUSTOMER, "text": "nordwind is late", "conversation_id": "4"}
    users = [{"id": CUSTOMER, "name": "Marit", "username": "maritsol"}]
    [event] = parse({"data": data, "includes": {"users": users}, "matching_rules": [{"id": "1"}]})
    assert (event.thread_id, written(event).author_name) == ("4", "Marit")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"a":' * 5_000])
def test_what_is_no_object_is_told(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        CHANNEL.parse(InboundRequest(body))


@pytest.mark.parametrize("name", ["mention_long", "direct_message", "activity_mention"])
@given(data=st.data())
def test_no_change_of_a_payload_breaks_the_parser(
    name: str, changed: Callable[[Any], st.SearchStrategy[Any]], data: st.DataObject
) -> None:
    payload = data.draw(changed(json.loads((SAMPLES / f"{name}.json").read_text())))
    with contextlib.suppress(InvalidRequestError):
        # An answer of the API may hold nothing.
        assert parse(payload) or payload["data"] == []


@given(st.binary(max_size=60), st.text(max_size=60))
def test_no_bytes_break_the_check(body: bytes, offered: str) -> None:
    signature = "sha256=" + b64encode(hmac.digest(b"test", body, sha256)).decode()
    CHANNEL.verify(InboundRequest(body, {HEADER: signature}), SETTINGS, 0)
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(body, {HEADER: offered}), SETTINGS, 0)


STATUS = {
    "created_at": "Tue Mar 03 09:15:42 +0000 2026",
    "id_str": "71",
    "text": "still no parcel",
    "user": {"id": 901, "name": "Ilse", "screen_name": "ilse_w"},
}


@pytest.mark.parametrize(
    "capture",
    [STATUS, {"statuses": [STATUS]}, {"tweet_create_events": [STATUS]}],
)
def test_a_post_is_read_also_outside_of_its_envelope(capture: dict[str, Any]) -> None:
    [event] = parse(capture)
    assert (event.thread_id, event.author_id) == ("71", "901")
    assert event.occurred_at_us == 1_772_529_342_000_000
    assert (written(event).author_name, written(event).text) == ("Ilse", "still no parcel")


@pytest.mark.parametrize("as_list", [False, True])
def test_answers_of_version_2_are_read_post_by_post(*, as_list: bool) -> None:
    data = {"id": "72", "author_id": "901", "text": "hello?", "created_at": "2026-03-03T09:15:42Z"}
    users = {"users": [{"id": "901", "name": "Ilse", "username": "ilse_w"}]}
    [event] = parse({"data": [data] if as_list else data, "includes": users})
    assert (written(event).author_name, event.author_id) == ("Ilse", "901")
    [bare] = parse(data)
    assert (written(bare).text, bare.occurred_at_us) == ("hello?", 1_772_529_342_000_000)
    [briefly] = parse({"data": {"id": "73", "text": "hello?"}})
    assert (written(briefly).message_id, briefly.author_id) == ("73", "")


def test_what_is_no_post_in_an_answer_does_not_take_the_others_with_it() -> None:
    events = parse({"data": [{"id": "1", "name": "Ilse"}, 7, {"id": "2", "text": "yes"}]})
    assert [type(event.body) for event in events[:2]] == [UnrecognisedEvent] * 2
    assert written(events[2]).text == "yes"


@pytest.mark.parametrize("wrap", [lambda one: {"data": [one]}, lambda one: {"data": one}, dict])
def test_conversations_of_version_2_are_read(wrap: Callable[[Any], dict[str, Any]]) -> None:
    sent = {"id": "80", "event_type": "MessageCreate", "sender_id": "901", "text": "a &amp; b"}
    [event] = parse(wrap({**sent, "dm_conversation_id": "901-902"}))
    assert (event.thread_id, event.author_id, written(event).text) == ("901-902", "901", "a & b")
    [joined] = parse({"data": [{"id": "81", "event_type": "ParticipantsJoin"}]})
    assert isinstance(joined.body, UnrecognisedEvent)
    assert joined.body.type == "ParticipantsJoin"


def test_direct_messages_are_read_also_outside_of_their_envelope() -> None:
    data = {"sender_id": "901", "target": {"recipient_id": OWN}, "message_data": {"text": "hi"}}
    message = {"type": "message_create", "id": "90", "message_create": data}
    captures: list[dict[str, Any]] = [message, {"event": message}, {"events": [message]}]
    for capture in captures:
        [event] = parse(capture)
        assert (event.thread_id, written(event).text) == (f"{OWN}:901", "hi")
    person = {"id": 901, "name": "Ilse"}
    first = {"id_str": "91", "sender_id": 901, "recipient_id": int(OWN), "text": "hi"}
    alone = {**first, "sender": person, "recipient": {"id": int(OWN)}}
    captures = [alone, {"direct_message": alone}, {"direct_message_events": [first]}]
    for capture in captures:
        [event] = parse(capture)
        assert (event.thread_id, event.author_id) == (f"{OWN}:901", "901")


def test_a_conversation_may_be_missing_in_the_newer_envelope() -> None:
    [event] = envelope("dm.received", {"id": "dm-2", "sender_id": CUSTOMER, "text": "hello"})
    assert event.thread_id == f"{OWN}:{CUSTOMER}"


def test_an_event_of_the_newer_envelope_may_stand_alone() -> None:
    deleted = {"event_uuid": "5", "event_type": "post.delete", "payload": {"id": "20"}}
    assert [event.body for event in parse(deleted)] == [MessageDeletion("20")]
    gone = {"delete": {"status": {"id": 20, "user_id": 901}, "timestamp_ms": "1772529342000"}}
    assert [event.body for event in parse(gone)] == [MessageDeletion("20")]


def test_a_like_without_an_id_is_named_by_who_liked_what() -> None:
    [event] = parse({"favorite_events": [{"favorited_status": STATUS, "user": {"id": 7}}]})
    assert (event.event_id, event.body) == ("7:71:like", Reaction("71", "like"))


def test_a_revoked_app_is_kept_with_who_and_when() -> None:
    revoked = {"date_time": "2026-03-03T09:15:42+00:00", "source": {"user_id": "901"}}
    [event] = parse({"user_event": {"revoke": revoked}})
    assert (event.author_id, event.occurred_at_us) == ("901", 1_772_529_342_000_000)


def test_a_direct_message_that_names_no_receiver_stands_in_its_senders_thread() -> None:
    message = {"id": "92", "message_create": {"sender_id": "901", "message_data": {"text": "hi"}}}
    [event] = parse({"direct_message_events": [message]})
    assert (event.thread_id, event.author_id) == ("901", "901")


@given(data=st.data())
def test_no_change_of_a_capture_breaks_the_parser(
    changed: Callable[[Any], st.SearchStrategy[Any]], data: st.DataObject
) -> None:
    inner = {"sender_id": "901", "target": {"recipient_id": OWN}, "message_data": {"text": "hi"}}
    message = {"type": "message_create", "id": "90", "message_create": inner}
    first = {"id": 91, "sender_id": 9, "recipient_id": 8, "sender": {"id": 9}, "recipient": {}}
    flat = {
        "id": "80",
        "event_type": "MessageCreate",
        "sender_id": "9",
        "dm_conversation_id": "9-8",
    }
    gone = {"delete": {"status": {"id": 20, "user_id": 901}, "timestamp_ms": "1772529342000"}}
    captures: list[dict[str, Any]] = [
        STATUS,
        {"statuses": [STATUS]},
        {"events": [message]},
        message,
    ]
    captures += [first, flat, {"data": [flat, {"id": "1", "text": "x"}]}, gone]
    captures += [{"user_event": {"revoke": {"date_time": "2026-03-03T09:15:42Z", "source": {}}}}]
    with contextlib.suppress(InvalidRequestError):
        parse(data.draw(changed(data.draw(st.sampled_from(captures)))))


def test_a_repost_says_its_own_text_where_that_of_the_original_is_not_told() -> None:
    shared = [{"type": "retweeted", "id": "71"}]
    repost = {"id": "75", "text": "RT @ilse_w: still", "referenced_tweets": shared}
    users = [{"id": "901", "username": "ilse_w"}]
    whole = {"id": "71", "author_id": "901", "text": "still no parcel"}
    for tweets, text in (
        ([whole], "RT @ilse_w: still no parcel"),
        ([{"id": "71", "author_id": "901"}], "RT @ilse_w: still"),
        ([{**whole, "author_id": "7"}], "RT @ilse_w: still"),
    ):
        [event] = parse({"data": [repost], "includes": {"tweets": tweets, "users": users}})
        assert (written(event).text, event.thread_id) == (text, "71")
