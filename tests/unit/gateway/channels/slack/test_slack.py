from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import SignatureVerifier

from services.gateway.channels.slack.channel import SlackChannel
from services.gateway.channels.slack.settings import SlackSettings
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import (
    Attachment,
    IncomingEvent,
    MessageDeletion,
    Reaction,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = SlackChannel()
SETTINGS = SlackSettings(("secret",))
SAMPLES = Path(__file__).parent / "samples"
NOW = 1_772_529_400


def parse(payload: object) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest(json.dumps(payload).encode()))


def form(**fields: str) -> bytes:
    return urlencode(fields).encode()


def signed(body: bytes, *, secret: str = "secret", at: int = NOW) -> InboundRequest:
    signature = SignatureVerifier(secret).generate_signature(timestamp=str(at), body=body)
    headers = {"x-slack-request-timestamp": str(at), "x-slack-signature": signature}
    return InboundRequest(body, headers)


def event(**fields: Any) -> IncomingEvent:
    inner = {
        "type": "message",
        "user": "U0MARIT",
        "text": "hello",
        "ts": "1772529342.123400",
        "event_ts": "1772529342.123400",
        "channel": "C0SHARED",
        "channel_type": "channel",
    } | fields
    bot = {"user_id": "U0CAREBOT", "is_bot": True}
    outer = {"type": "event_callback", "event_id": "Ev1", "authorizations": [bot]}
    [read] = parse({**outer, "event": inner})
    return read


def written(read: IncomingEvent) -> WrittenMessage:
    assert isinstance(read.body, WrittenMessage)
    return read.body


def test_the_published_signature_is_accepted_in_its_window_and_no_other(
    vector: Callable[[str], dict[str, Any]],
) -> None:
    published = vector("slack-v0")
    settings = SlackSettings(("old", published["secret"]["signing_secret"]))
    given_headers = published["request"]["headers"]
    headers = {name.lower(): value for name, value in given_headers.items()}
    body = published["request"]["raw_body"].encode()
    at_us = published["request"]["clock"] * 1_000_000
    for moved in (-300, 0, 300):
        CHANNEL.verify(InboundRequest(body, headers), settings, at_us + moved * 1_000_000)
    for request, now_us in (
        (InboundRequest(body, headers), at_us + 301_000_000),
        (InboundRequest(body, headers), at_us - 301_000_000),
        (InboundRequest(body + b"------", headers), at_us),
        (InboundRequest(b"T" + body[1:], headers), at_us),
    ):
        with pytest.raises(RefusedError):
            CHANNEL.verify(request, settings, now_us)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-slack-request-timestamp": "soon", "x-slack-signature": "v0=1"},
        {"x-slack-request-timestamp": "-1", "x-slack-signature": "v0=1"},
        {"x-slack-request-timestamp": "9" * 5_000, "x-slack-signature": "v0=1"},
        {"x-slack-request-timestamp": str(NOW), "x-slack-signature": "é"},
        {"x-slack-request-timestamp": str(NOW), "x-slack-signature": "\udcff"},
    ],
)
def test_what_is_no_signature_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(b"{}", headers), SETTINGS, NOW * 1_000_000)


@given(st.binary(max_size=60), st.text(max_size=60))
def test_no_bytes_break_the_check(body: bytes, offered: str) -> None:
    headers = {"x-slack-request-timestamp": str(NOW), "x-slack-signature": offered}
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(body, headers), SETTINGS, NOW * 1_000_000)


def test_the_challenge_is_answered_when_it_is_signed() -> None:
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1a"}).encode()
    answer = CHANNEL.handshake(signed(body), SETTINGS, NOW * 1_000_000)
    assert answer is not None
    assert answer.body == b"3eZbrw1a"
    with pytest.raises(RefusedError):
        CHANNEL.handshake(signed(body, secret="wrong"), SETTINGS, NOW * 1_000_000)


def test_a_look_at_the_certificate_is_answered() -> None:
    request = InboundRequest(form(token="t", ssl_check="1"))
    assert CHANNEL.handshake(request, SETTINGS, 0) is not None


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"",
        b"\xff",
        b'{"text":"url_verification"}',
        b"url_verification",
        b"text=&ssl_check=12",
    ],
)
def test_other_requests_are_no_handshake(body: bytes) -> None:
    assert CHANNEL.handshake(InboundRequest(body), SETTINGS, 0) is None


def test_a_message_with_files_in_a_thread_is_read() -> None:
    body = (SAMPLES / "message_with_file.json").read_bytes()
    files = "https://files.slack.com/files-pri"
    assert CHANNEL.parse(InboundRequest(body)) == [
        IncomingEvent(
            event_id="Ev0FILE",
            channel="slack",
            thread_id="C0SHARED:1772529000.000100",
            occurred_at_us=1_772_529_342_123_400,
            author_id="U0MARIT",
            body=WrittenMessage(
                message_id="1772529342.123400",
                author_kind="customer",
                author_name="Marit Solberg",
                text="<@U0CAREBOT> weight < 8 kg & still refused",
                reply_to_message_id="1772529000.000100",
                attachments=(
                    Attachment(
                        "file",
                        "F0TICKET",
                        f"{files}/T0-F0TICKET/download/ticket.pdf",
                        "application/pdf",
                        "ticket.pdf",
                        48_213,
                    ),
                    Attachment(
                        "image", "F0PHOTO", f"{files}/T0-F0PHOTO/scale.jpg", "image/jpeg", "scale"
                    ),
                    Attachment("file", "F0ELSEWHERE"),
                ),
                quoted_text="Cabin bags weigh at most 8 kg.",
            ),
        )
    ]


def test_a_message_in_a_channel_begins_a_thread() -> None:
    assert event().thread_id == "C0SHARED:1772529342.123400"


@pytest.mark.parametrize(
    "fields", [{"channel_type": "im"}, {"channel": "D0", "channel_type": None}]
)
def test_direct_messages_are_one_thread(fields: dict[str, Any]) -> None:
    read = event(**{"channel": "D0", **fields})
    assert read.thread_id == "D0"
    assert event(**{"channel": "D0", "thread_ts": "1.2", **fields}).thread_id == "D0:1.2"


@pytest.mark.parametrize("fields", [{"subtype": "thread_broadcast"}, {"subtype": "me_message"}, {}])
def test_every_written_kind_is_read(fields: dict[str, str]) -> None:
    assert written(event(**fields)).text == "hello"


def test_a_mention_is_read() -> None:
    assert written(event(type="app_mention", text="<@U0CAREBOT> hi")).text == "<@U0CAREBOT> hi"


def test_bots_are_told_apart_and_their_cards_are_read() -> None:
    card = {"pretext": "New", "title": "Order 7", "fallback": "x", "image_url": "https://x/1.png"}
    read = event(
        subtype="bot_message", user=None, bot_id="B0", username="Shop", text="", attachments=[card]
    )
    body = written(read)
    assert (body.author_kind, body.author_name, read.author_id) == ("bot", "Shop", "B0")
    assert body.text == "New\nOrder 7"
    assert body.attachments == (Attachment("image", url="https://x/1.png", name="Order 7"),)
    assert written(event(user="U0CAREBOT")).author_kind == "bot"


@pytest.mark.parametrize(
    ("team", "shared", "kind"),
    [("T0", True, "agent"), ("T1", True, "customer"), ("T0", False, "customer")],
)
def test_in_a_channel_shared_with_customers_the_own_team_are_agents(
    team: str, kind: str, *, shared: bool
) -> None:
    inner = {"type": "message", "user": "U1", "user_team": team, "channel": "C0", "ts": "1.2"}
    app = {"team_id": "T0", "user_id": "U0CAREBOT", "is_bot": True}
    outer = {"type": "event_callback", "event_id": "Ev1", "is_ext_shared_channel": shared}
    [read] = parse({**outer, "authorizations": [app], "event": inner})
    assert written(read).author_kind == kind


def test_the_text_of_blocks_is_read_where_there_is_no_other() -> None:
    section = [
        {"type": "text", "text": "see "},
        {"type": "link", "url": "https://a.example"},
        {"type": "emoji", "name": "wave"},
    ]
    items = [{"type": "rich_text_section", "elements": section}]
    rich = {
        "type": "rich_text",
        "elements": [*items, {"type": "rich_text_list", "elements": items}],
    }
    plain = {"type": "section", "text": {"type": "mrkdwn", "text": "plain"}}
    line = "see https://a.example:wave:"
    assert written(event(text="", blocks=[rich, plain])).text == f"{line}{line}\n\nplain"


def test_an_edit_is_about_the_same_message_also_when_it_does_not_repeat_the_time() -> None:
    read = event(
        subtype="message_changed",
        message={"user": "U0MARIT", "text": "better", "edited": {"ts": "1772529400.000000"}},
        previous_message={"user": "U0MARIT", "text": "hello", "ts": "1772529342.123400"},
        event_ts="1772529400.013600",
    )
    body = written(read)
    assert (body.edited, body.text, body.message_id) == (True, "better", "1772529342.123400")
    assert read.thread_id == "C0SHARED:1772529342.123400"
    assert (read.author_id, read.occurred_at_us) == ("U0MARIT", 1_772_529_400_013_600)


def test_a_deleted_message_is_a_deletion_also_as_a_tombstone() -> None:
    previous = {"user": "U0MARIT", "ts": "1772529342.123400", "thread_ts": "1772529000.000100"}
    deleted = event(
        subtype="message_deleted", previous_message=previous, deleted_ts="1772529342.123400"
    )
    buried = event(
        subtype="message_changed",
        message={"subtype": "tombstone", "ts": "1772529342.123400"},
        previous_message=previous,
    )
    for read in (deleted, buried):
        assert read.body == MessageDeletion("1772529342.123400")
        assert (read.author_id, read.thread_id) == ("U0MARIT", "C0SHARED:1772529000.000100")


@pytest.mark.parametrize(
    ("kind", "removed"), [("reaction_added", False), ("reaction_removed", True)]
)
def test_reactions_are_read(kind: str, *, removed: bool) -> None:
    item = {"type": "message", "channel": "C0SHARED", "ts": "1772529342.123400"}
    read = event(type=kind, reaction="+1", item=item)
    assert read.body == Reaction("1772529342.123400", "+1", removed)
    assert read.thread_id == "C0SHARED:1772529342.123400"


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"subtype": "channel_join"}, "message.channel_join"),
        ({"subtype": "channel_topic"}, "message.channel_topic"),
        ({"type": "member_joined_channel"}, "member_joined_channel"),
        ({"type": "app_home_opened"}, "app_home_opened"),
    ],
)
def test_what_nobody_wrote_is_kept_with_its_type(fields: dict[str, str], name: str) -> None:
    read = event(**fields)
    assert isinstance(read.body, UnrecognisedEvent)
    assert (read.body.type, read.author_id, read.event_id) == (name, "U0MARIT", "Ev1")
    assert read.occurred_at_us == 1_772_529_342_123_400


def test_a_limit_that_was_passed_is_kept() -> None:
    [read] = parse({"type": "app_rate_limited", "minute_rate_limited": 1_772_529_342})
    assert isinstance(read.body, UnrecognisedEvent)
    assert read.body.type == "app_rate_limited"


@pytest.mark.parametrize("as_form", [True, False])
def test_pressed_buttons_are_read(*, as_form: bool) -> None:
    text = (SAMPLES / "button.json").read_text()
    body = form(payload=text) if as_form else text.encode()
    pressed, picked = CHANNEL.parse(InboundRequest(body))
    assert pressed == IncomingEvent(
        event_id="1772529350.000200:helped:1772529360500000",
        channel="slack",
        thread_id="C0SHARED:1772529000.000100",
        occurred_at_us=1_772_529_360_500_000,
        author_id="U0MARIT",
        body=WrittenMessage(
            message_id="1772529350.000200:helped:1772529360500000",
            author_kind="customer",
            author_name="marit",
            text="No, it did not",
            reply_to_message_id="1772529350.000200",
            payload="csat_1",
        ),
    )
    assert (written(picked).text, written(picked).payload) == ("Too late", "late")


def test_an_old_buttons_press_is_read() -> None:
    payload = {
        "type": "interactive_message",
        "actions": [{"name": "refund", "type": "button", "value": "yes"}],
        "callback_id": "order-7",
        "channel": {"id": "D0"},
        "user": {"id": "U0MARIT", "name": "marit"},
        "action_ts": "1772529360.5",
        "message_ts": "1772529350.000200",
    }
    [read] = CHANNEL.parse(InboundRequest(form(payload=json.dumps(payload))))
    assert (read.thread_id, written(read).payload) == ("D0", "yes")
    assert read.occurred_at_us == 1_772_529_360_500_000


@pytest.mark.parametrize("kind", ["view_submission", "shortcut", "message_action", "block_actions"])
def test_what_belongs_to_no_message_is_kept(kind: str) -> None:
    payload = {"type": kind, "trigger_id": "13345224609.7", "user": {"id": "U1"}, "actions": []}
    [read] = CHANNEL.parse(InboundRequest(form(payload=json.dumps(payload))))
    assert isinstance(read.body, UnrecognisedEvent)
    assert (read.body.type, read.event_id, read.author_id) == (kind, "13345224609.7", "U1")


def test_a_command_is_a_message() -> None:
    body = form(
        command="/care",
        text="where is my bag?",
        channel_id="D0",
        user_id="U0MARIT",
        user_name="marit",
        trigger_id="13345224609.7",
    )
    [read] = CHANNEL.parse(signed(body))
    assert read == IncomingEvent(
        "13345224609.7",
        "slack",
        "D0",
        WrittenMessage("13345224609.7", "customer", "marit", "/care where is my bag?"),
        NOW * 1_000_000,
        "U0MARIT",
    )


def test_what_came_over_a_socket_is_read_all_the_same() -> None:
    inner = {"type": "event_callback", "event_id": "Ev1", "event": {"type": "app_uninstalled"}}
    [read] = parse({"envelope_id": "e-1", "type": "events_api", "payload": inner})
    assert read.event_id == "Ev1"
    pressed = json.loads((SAMPLES / "button.json").read_text())
    assert len(parse({"envelope_id": "e-2", "type": "interactive", "payload": pressed})) == 2
    typed = {"command": "/care", "channel_id": "D0", "user_id": "U1", "trigger_id": "7"}
    [asked] = parse({"envelope_id": "e-3", "type": "slash_commands", "payload": typed})
    assert written(asked).text == "/care"


def test_a_bad_event_is_kept_with_its_reason() -> None:
    body = event(ts="yesterday").body
    assert isinstance(body, UnrecognisedEvent)
    assert body.reason == 'event.ts is not a time like "1652227646.593159"'


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"\xff", b"a=b", b"payload=7", b"&" * 1_000, b"command=/care"]
)
def test_what_slack_does_not_send_is_told(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        CHANNEL.parse(InboundRequest(body))


@pytest.mark.parametrize("name", ["message_with_file", "button"])
@given(data=st.data())
def test_no_change_of_a_payload_breaks_the_parser(
    name: str, changed: Callable[[Any], st.SearchStrategy[Any]], data: st.DataObject
) -> None:
    payload = data.draw(changed(json.loads((SAMPLES / f"{name}.json").read_text())))
    with contextlib.suppress(InvalidRequestError):
        assert parse(payload)


MESSAGE = {
    "type": "message",
    "user": "U0MARIT",
    "text": "is anybody there?",
    "ts": "1772529342.123400",
    "channel": "C0SHARED",
}


@pytest.mark.parametrize(
    "capture",
    [
        MESSAGE,
        {"ok": True, "channel": "C0SHARED", "ts": "1772529342.123400", "message": MESSAGE},
        {"ok": True, "channel": "C0SHARED", "messages": [{**MESSAGE, "channel": None}]},
        {"event": MESSAGE},
    ],
)
def test_a_message_is_read_also_outside_of_its_envelope(capture: dict[str, Any]) -> None:
    if "messages" in capture:
        del capture["messages"][0]["channel"]
    [read] = parse(capture)
    assert (read.thread_id, read.author_id) == ("C0SHARED:1772529342.123400", "U0MARIT")
    assert (written(read).text, read.occurred_at_us) == (MESSAGE["text"], 1_772_529_342_123_400)


def test_a_history_is_read_message_by_message() -> None:
    brief = {"user": "U0MARIT", "text": "hello?", "ts": "1772529342.500000"}
    joined = {"type": "message", "subtype": "channel_join", "ts": "1772529000.000100"}
    reads = parse({"ok": True, "messages": [MESSAGE, brief, joined, 7], "has_more": False})
    assert [written(read).text for read in reads[:2]] == [MESSAGE["text"], "hello?"]
    assert [type(read.body) for read in reads[2:]] == [UnrecognisedEvent] * 2
    assert len({read.event_id for read in reads}) == 4


def test_an_edit_that_does_not_say_of_which_message_has_its_own_time() -> None:
    read = event(subtype="message_changed", message={"user": "U0MARIT", "text": "better"})
    assert (written(read).text, written(read).message_id) == ("better", "1772529342.123400")


@given(data=st.data())
def test_no_change_of_a_capture_breaks_the_parser(
    changed: Callable[[Any], st.SearchStrategy[Any]], data: st.DataObject
) -> None:
    button = {"name": "refund", "text": "Yes", "value": "yes"}
    press = {
        "type": "interactive_message",
        "actions": [{"name": "refund", "value": "yes"}],
        "channel": {"id": "C0"},
        "user": {"id": "U1"},
        "original_message": {"thread_ts": "1.2", "attachments": [{"actions": [button]}]},
    }
    kept = {"type": "star_added", "item": {"channel": "C0"}, "user": {"id": "U1"}, "event_ts": "1"}
    held = {"ok": True, "channel": "C0", "messages": [MESSAGE]}
    captures = [MESSAGE, held, kept, {"payload": press}, {"payload": json.dumps(press)}]
    with contextlib.suppress(InvalidRequestError):
        parse(data.draw(changed(data.draw(st.sampled_from(captures)))))


def test_a_forms_payload_may_be_noted_as_json() -> None:
    text = (SAMPLES / "button.json").read_text()
    for noted in (text, [text], json.loads(text)):
        [press, _] = parse({"payload": noted})
        assert written(press).text == "No, it did not"


@pytest.mark.parametrize("fields", [{"client_msg_id": "1-2"}, {"edited": {"user": "U0CAREBOT"}}])
def test_what_was_typed_in_slack_is_a_persons_also_with_the_apps_token(
    fields: dict[str, Any],
) -> None:
    assert written(event(user="U0CAREBOT", **fields)).author_kind == "customer"


def test_fields_that_are_there_and_empty_are_read_as_absent() -> None:
    read = event(bot_id="", blocks=[{"type": "image", "image_url": ""}], event_ts="")
    assert (written(read).author_kind, written(read).attachments) == ("customer", ())


def test_a_notice_is_kept_with_its_channel_and_who_it_is_about() -> None:
    assert event(type="member_joined_channel").thread_id == "C0SHARED"
    created = event(type="channel_rename", channel={"id": "C0NEW"}, user={"id": "U1"})
    assert (created.thread_id, created.author_id) == ("C0NEW", "U1")
    starred = event(type="star_added", channel=None, item={"channel": "C0STAR"})
    assert starred.thread_id == "C0STAR"


def test_a_shortcut_on_a_message_is_kept_with_its_thread_and_time() -> None:
    payload = {
        "type": "message_action",
        "action_ts": "1772529360.500000",
        "channel": {"id": "C0SHARED"},
        "user": {"id": "U0MARIT"},
        "message": {"ts": "1772529342.123400", "thread_ts": "1772529000.000100"},
    }
    [read] = parse(payload)
    assert (read.thread_id, read.author_id) == ("C0SHARED:1772529000.000100", "U0MARIT")
    assert read.occurred_at_us == 1_772_529_360_500_000


def test_a_press_in_a_form_is_kept_with_its_author() -> None:
    [read] = parse(
        {
            "type": "block_actions",
            "container": {"type": "view", "view_id": "V1"},
            "user": {"id": "U0MARIT"},
            "actions": [{"action_id": "next"}],
        }
    )
    assert isinstance(read.body, UnrecognisedEvent)
    assert (read.body.type, read.body.reason, read.author_id) == ("block_actions", "", "U0MARIT")


@pytest.mark.parametrize(
    "within",
    [
        {"original_message": {"thread_ts": "1772529000.000100"}},
        {"event": {"thread_ts": "1772529000.000100"}},
    ],
)
def test_an_old_button_within_a_thread_belongs_to_it(within: dict[str, Any]) -> None:
    [read] = parse(
        {
            "type": "interactive_message",
            "actions": [{"name": "list", "selected_options": [{"value": "A1"}]}],
            "channel": {"id": "C0SHARED"},
            "user": {"id": "U0MARIT", "name": "marit"},
            "message_ts": "1772529350.000200",
            **within,
        }
    )
    assert (read.thread_id, written(read).payload) == ("C0SHARED:1772529000.000100", "A1")


def test_what_stood_on_an_old_button_is_told_by_its_message() -> None:
    buttons = [
        {"name": "refund", "text": "No", "type": "button", "value": "no"},
        {"name": "refund", "text": "Yes, please", "type": "button", "value": "yes"},
    ]
    [read] = parse(
        {
            "type": "interactive_message",
            "actions": [{"name": "refund", "type": "button", "value": "yes"}],
            "channel": {"id": "D0"},
            "user": {"id": "U0MARIT"},
            "original_message": {"attachments": [{"actions": buttons}]},
        }
    )
    assert (written(read).text, written(read).payload) == ("Yes, please", "yes")


def test_a_thread_with_an_assistant_is_kept_with_its_author() -> None:
    begun = {"user_id": "U0MARIT", "channel_id": "D0", "thread_ts": "1772529000.000100"}
    read = event(type="assistant_thread_started", channel=None, user=None, assistant_thread=begun)
    assert (read.thread_id, read.author_id) == ("D0:1772529000.000100", "U0MARIT")
    title = event(type="agent_session_title_changed", channel="D0", thread_ts="1772529000.000100")
    assert title.thread_id == "D0:1772529000.000100"


@pytest.mark.parametrize("user", ["USLACK", "USLACKBOT"])
def test_what_slack_says_itself_is_no_customers(user: str) -> None:
    assert written(event(user=user)).author_kind == "system"


def test_a_block_names_people_and_channels_as_a_text_does() -> None:
    elements = [
        {"type": "user", "user_id": "U0MARIT"},
        {"type": "channel", "channel_id": "C0"},
        {"type": "usergroup", "usergroup_id": "S0"},
        {"type": "broadcast", "range": "here"},
    ]
    section = {"type": "rich_text_section", "elements": elements}
    read = event(text="", blocks=[{"type": "rich_text", "elements": [section]}])
    assert written(read).text.strip() == "<@U0MARIT><#C0><!subteam^S0><!here>"
