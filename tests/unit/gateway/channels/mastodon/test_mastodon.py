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

from services.gateway.channels.mastodon import MastodonChannel, MastodonSettings, ServerSent
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import (
    Attachment,
    Engagement,
    IncomingEvent,
    MessageDeletion,
    Reaction,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = MastodonChannel()
STREAM = (Path(__file__).parent / "samples" / "stream.txt").read_bytes()
SETTINGS = MastodonSettings(secrets=("s1",), own_accounts=("@care",))
STATUS: dict[str, Any] = json.loads(STREAM.split(b"data: ")[1].split(b"\n")[0])
AT_US = 1_772_438_400_000_000
OWN = {"x-careline-own-names": "care"}


def parse(value: object) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest(json.dumps(value).encode(), OWN))


def status(**fields: Any) -> IncomingEvent:
    return parse(STATUS | fields)[0]


def written(event: IncomingEvent) -> WrittenMessage:
    assert isinstance(event.body, WrittenMessage)
    return event.body


def test_a_captured_stream_is_read() -> None:
    post, counts, gone, liked, liked_counts, other = CHANNEL.parse(InboundRequest(STREAM))
    assert post == IncomingEvent(
        event_id="status:1101",
        channel="mastodon",
        thread_id="1101",
        body=WrittenMessage(
            message_id="1101",
            author_kind="customer",
            author_name="Ana P.",
            text=(
                "The Kestrel app crashed #again\n"
                "see https://status.example.com/incident/42\n\nAnyone?"
            ),
            language_hint="en",
            attachments=(
                Attachment(
                    "image", "31", "https://files.example.social/31.png", name="a stack trace"
                ),
            ),
            is_public=True,
            reply_address="1101|ana@other.example|public",
        ),
        occurred_at_us=AT_US,
        author_id="501",
    )
    assert counts.body == Engagement("1101", likes=5, shares=2, replies=0)
    assert counts.thread_id == "1101"
    assert gone.body == MessageDeletion("1099")
    assert (liked.body, liked.author_id, liked.thread_id) == (
        Reaction("1000", "favourite"),
        "502",
        "990",
    )
    assert liked_counts.body == Engagement("1000", likes=1, shares=0, replies=0)
    assert other.body == UnrecognisedEvent("filters_changed", b"{}")


def test_counts_that_did_not_change_are_a_repeat() -> None:
    ids = [event.event_id for event in parse([STATUS, STATUS])]
    assert len(ids) == 4
    assert len(set(ids)) == 2
    more = parse(STATUS | {"favourites_count": 6})[1]
    assert more.event_id not in ids


def test_a_post_without_any_counts_brings_none() -> None:
    assert len(parse(STATUS | {"favourites_count": 0, "reblogs_count": 0})) == 1


def test_a_page_is_read_with_the_oldest_first() -> None:
    events = parse([STATUS | {"id": "2"}, STATUS | {"id": "1"}])
    assert [event.event_id for event in events if "status" in event.event_id] == [
        "status:1",
        "status:2",
    ]


@pytest.mark.parametrize(
    ("visibility", "public"),
    [("public", True), ("unlisted", True), ("private", False), ("direct", False)],
)
def test_only_what_everybody_reads_is_public(visibility: str, *, public: bool) -> None:
    assert written(status(visibility=visibility)).is_public is public


def test_an_edit_an_answer_and_a_warning_are_told() -> None:
    event = status(edited_at="2026-03-02T08:00:01.000Z", in_reply_to_id="900", spoiler_text="rant")
    message = written(event)
    assert (message.edited, message.reply_to_message_id, message.subject) == (True, "900", "rant")
    assert (event.thread_id, event.occurred_at_us) == ("900", AT_US + 1_000_000)
    assert event.event_id == f"status:1101:{AT_US + 1_000_000}"


def test_the_organisations_own_posts_are_its_agents() -> None:
    own = {"id": "1", "username": "care", "acct": "care"}
    stranger = own | {"acct": "care@elsewhere.example"}
    assert written(status(account=own)).author_kind == "agent"
    assert written(status(account=stranger)).author_kind == "customer"
    assert written(status(account=STATUS["account"] | {"bot": True})).author_kind == "bot"


def test_a_share_is_a_reaction_to_the_shared_post() -> None:
    shared = {"id": "9", "created_at": "2026-03-02T08:00:00Z", "reblog": STATUS}
    reaction, counts = parse(shared | {"account": {"id": "6"}})
    assert reaction.body == Reaction("1101", "reblog")
    assert (reaction.author_id, reaction.event_id) == ("6", "reblog:1101:6")
    assert isinstance(counts.body, Engagement)


def test_a_mention_is_the_same_message_as_in_the_stream() -> None:
    notification = {
        "id": "5",
        "type": "mention",
        "created_at": "2026-03-02T08:00:00Z",
        "account": STATUS["account"],
        "status": STATUS,
    }
    assert parse([notification]) == parse(STATUS)
    frame = {"stream": ["user"], "event": "notification", "payload": json.dumps(notification)}
    assert parse(frame) == parse(STATUS)


@pytest.mark.parametrize("kind", ["follow", "poll", "admin.sign_up", "severed_relationships"])
def test_other_notifications_are_recorded(kind: str) -> None:
    told = {"id": "5", "type": kind, "created_at": "2026-03-02T08:00:00Z", "account": {"id": "6"}}
    [event] = parse({"event": "notification", "payload": json.dumps(told)})
    assert isinstance(event.body, UnrecognisedEvent)
    assert (event.body.type, event.author_id, event.occurred_at_us) == (kind, "6", AT_US)


def test_a_thread_a_search_and_a_conversation_hold_statuses() -> None:
    assert parse({"ancestors": [], "descendants": [STATUS]}) == parse(STATUS)
    assert parse({"accounts": [], "statuses": [STATUS], "hashtags": []}) == parse(STATUS)
    told = {"id": "4", "unread": True, "last_status": STATUS}
    assert parse({"event": "conversation", "payload": json.dumps(told)}) == parse(STATUS)
    assert parse([told]) == parse(STATUS)


def test_each_account_of_a_group_of_notifications_reacted() -> None:
    group = {
        "group_key": "favourite-1101-483",
        "type": "favourite",
        "latest_page_notification_at": "2026-03-02T08:00:00Z",
        "sample_account_ids": ["6", "7"],
        "status_id": "1101",
    }
    mention = group | {"group_key": "ungrouped-8", "type": "mention", "sample_account_ids": ["6"]}
    events = parse(
        {
            "accounts": [{"id": "6", "acct": "bo"}, {"id": "7", "acct": "cy"}],
            "statuses": [STATUS],
            "notification_groups": [group, mention, "broken"],
        }
    )
    liked = [event for event in events if isinstance(event.body, Reaction)]
    assert sorted(event.author_id for event in liked) == ["6", "7"]
    assert {event.occurred_at_us for event in liked} == {AT_US}
    assert parse(STATUS)[0] in events
    assert isinstance(events[0].body, UnrecognisedEvent)


def test_a_notification_without_an_account_is_recorded() -> None:
    told = {"id": "5", "type": "severed_relationships", "event": {"id": "9"}}
    [event] = parse(told)
    assert isinstance(event.body, UnrecognisedEvent)
    assert event.body.type == "severed_relationships"


def test_a_servers_own_webhook_is_signed() -> None:
    body = json.dumps(
        {"event": "status.created", "created_at": "2026-03-02T08:00:00Z", "object": STATUS}
    ).encode()
    offered = "sha256=" + hmac.new(b"s1", body, sha256).hexdigest()
    request = InboundRequest(body, {"x-hub-signature": offered})
    assert CHANNEL.parse(CHANNEL.verify(request, SETTINGS, 0)) == parse(STATUS)
    flipped = InboundRequest(body[:-1] + b" ", {"x-hub-signature": offered})
    with pytest.raises(RefusedError):
        CHANNEL.verify(flipped, SETTINGS, 0)


def test_an_event_that_never_ends_is_cut_off() -> None:
    reader = ServerSent()
    for _ in range(100):
        assert reader.take(b"data: " + b"x" * 100_000) is None
    told = reader.take(b"")
    assert told is not None
    assert len(told[1]) < 5_000_000


def test_a_bad_entry_does_not_take_the_others_with_it() -> None:
    bad, *good = parse([STATUS, {"id": 3}])
    assert isinstance(bad.body, UnrecognisedEvent)
    assert good == parse(STATUS)


@pytest.mark.parametrize("body", [b"", b":thump\n", b"hello", b"[" * 100_000, b"{]"])
def test_what_is_no_payload_is_told(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        CHANNEL.parse(InboundRequest(body))


@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda data: STREAM + data))
def test_any_bytes_are_read_or_told(body: bytes) -> None:
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(body), SETTINGS, 0)
    with contextlib.suppress(InvalidRequestError):
        CHANNEL.parse(InboundRequest(body))


@given(st.data())
def test_any_changed_payload_is_read_or_told(
    changed: Callable[[Any], st.SearchStrategy[Any]], data: st.DataObject
) -> None:
    payload = data.draw(changed([STATUS, {"event": "update", "payload": json.dumps(STATUS)}]))
    with contextlib.suppress(InvalidRequestError):
        CHANNEL.parse(InboundRequest(json.dumps(payload).encode()))


@pytest.mark.parametrize(
    "settings",
    [
        MastodonSettings(secrets=("",)),
        MastodonSettings(base_url="example.social", access_token="t"),
        MastodonSettings(base_url="https://example.social"),
        MastodonSettings(streams=("firehose",)),
    ],
)
def test_wrong_settings_are_told_at_the_start(settings: MastodonSettings) -> None:
    with pytest.raises(ValueError, match=r"secret|base_url|streams"):
        CHANNEL.check(settings)
