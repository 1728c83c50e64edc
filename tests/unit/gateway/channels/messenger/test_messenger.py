from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from services.gateway.channels.messenger import MessengerChannel
from services.gateway.domain.inbound import InboundRequest
from services.gateway.domain.incoming import (
    Attachment,
    IncomingBody,
    IncomingEvent,
    Location,
    MessageDeletion,
    Reaction,
    Receipt,
    SurveyAnswer,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = MessengerChannel()
SAMPLES = Path(__file__).parent / "samples"
PAGE, CUSTOMER = "300400500", "7001002003"
THREAD = f"{PAGE}:{CUSTOMER}"
SENT_AT_US = 1_767_168_000_123_000
POSTED_AT_US = 1_767_168_000_000_000

WRITTEN = WrittenMessage("m_A1", "customer", "", "")
COMMENT = WrittenMessage(
    message_id="900_1",
    author_kind="customer",
    author_name="Mira Lindqvist",
    text="Do you ship to Norway?",
    reply_to_message_id=f"{PAGE}_900",
    attachments=(Attachment("image", url="https://cdn.example/p.jpg"),),
    is_public=True,
    reply_address="comment:900_1",
)


def sample(name: str) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest((SAMPLES / f"{name}.json").read_bytes()))


@pytest.mark.parametrize(
    ("name", "event_id", "body"),
    [
        (
            "text",
            "m_A1",
            replace(WRITTEN, text="My kettle leaks", reply_to_message_id="m_A0", payload="HELP"),
        ),
        (
            "location",
            "m_A3",
            replace(WRITTEN, message_id="m_A3", location=Location(59.3, 18.1, "Mira's place")),
        ),
        (
            "edit",
            "m_A1:edit:2",
            replace(WRITTEN, text="My kettle leaks badly", edited=True),
        ),
        ("deleted", "m_A1:deleted", MessageDeletion("m_A1")),
        (
            "postback",
            "m_A4",
            replace(WRITTEN, message_id="m_A4", text="Get started", payload="START"),
        ),
        ("standby", "m_A5", replace(WRITTEN, message_id="m_A5", text="hello?")),
    ],
)
def test_what_a_customer_sends_is_read(name: str, event_id: str, body: IncomingBody) -> None:
    assert sample(name) == [
        IncomingEvent(event_id, "messenger", THREAD, body, SENT_AT_US, CUSTOMER)
    ]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("reaction", Reaction("m_B1", "❤")),
        ("unreact", Reaction("m_B1", "", removed=True)),
        ("read", Receipt("read", until_at_us=1_767_167_999_000_000)),
        ("delivery", Receipt("delivered", ("m_B1", "m_B2"), 1_767_167_999_000_000)),
    ],
)
def test_what_a_customer_does_is_read(name: str, body: IncomingBody) -> None:
    [event] = sample(name)
    assert (event.body, event.thread_id, event.author_id) == (body, THREAD, CUSTOMER)
    assert sample(name) == [event]


def test_attachments_are_told_apart() -> None:
    [event] = sample("attachments")
    assert isinstance(event.body, WrittenMessage)
    assert event.body.attachments == (
        Attachment("image", url="https://cdn.example/a.jpg"),
        Attachment("audio", url="https://cdn.example/a.mp4"),
        Attachment("video", url="https://cdn.example/v.mp4"),
        Attachment("file", url="https://cdn.example/r.pdf"),
        Attachment("sticker", "369239263222822", "https://cdn.example/s.png"),
        Attachment("link", url="https://news.example/r", name="A review"),
        Attachment("link"),
        Attachment("video", "880", "https://cdn.example/reel.mp4", name="how it leaks"),
        Attachment("link", "5501", "https://cdn.example/k.jpg", name="Kettle 2"),
    )


def test_what_the_page_wrote_elsewhere_is_an_agents() -> None:
    [event] = sample("echo")
    assert (event.thread_id, event.author_id) == (THREAD, PAGE)
    assert event.body == WrittenMessage("m_B1", "agent", "", "We send a new one.")


def test_a_templates_words_are_the_text() -> None:
    [event] = sample("echo_of_a_template")
    assert event.body == WrittenMessage("m_B3", "agent", "", "Shall we send a new one?")


def test_an_echo_of_an_own_reply_says_that_it_went_out() -> None:
    [event] = sample("own_echo")
    assert event.body == Receipt("sent", ("m_B2",))


def test_each_score_of_a_feedback_form_is_an_answer() -> None:
    csat, nps = sample("feedback")
    assert csat.body == SurveyAnswer("q_csat", "csat", 4, 1, 5, "quick")
    assert nps.body == SurveyAnswer("q_nps", "nps", 9, 0, 10)
    assert csat.event_id != nps.event_id


def test_what_is_no_message_is_kept_under_the_platforms_name() -> None:
    events = sample("others")
    assert [event.body.type for event in events if isinstance(event.body, UnrecognisedEvent)] == [
        "optin",
        "referral",
        "account_linking",
        "pass_thread_control",
        "policy_enforcement",
    ]
    assert [event.thread_id for event in events] == [THREAD] * 4 + [""]


def test_a_comment_is_public_and_belongs_to_its_post() -> None:
    assert sample("comment") == [
        IncomingEvent("900_1", "messenger", f"{PAGE}_900", COMMENT, POSTED_AT_US, CUSTOMER)
    ]


def test_a_comment_of_the_page_itself_is_an_agents() -> None:
    [event] = sample("comment_of_the_page")
    assert isinstance(event.body, WrittenMessage)
    assert event.body.author_kind == "agent"
    assert event.body.reply_to_message_id == "900_1"


def test_a_comment_is_edited_and_removed() -> None:
    [edited], [removed] = sample("comment_edited"), sample("comment_removed")
    assert edited.body == replace(COMMENT, text="Do you ship to Oslo?", edited=True, attachments=())
    assert removed.body == MessageDeletion("900_1")
    assert len({edited.event_id, removed.event_id, "900_1"}) == 3


def test_a_visitors_photo_is_a_post() -> None:
    [event] = sample("visitor_photo")
    assert event.thread_id == f"{PAGE}_901"
    assert event.body == WrittenMessage(
        message_id=f"{PAGE}_901",
        author_kind="customer",
        author_name="Mira Lindqvist",
        text="It leaks again",
        attachments=(Attachment("image", "4410", "https://cdn.example/leak.jpg"),),
        is_public=True,
        reply_address=f"post:{PAGE}_901",
    )


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("post_reaction", Reaction(f"{PAGE}_900", "angry")),
        ("like_removed", Reaction("900_2", "like", removed=True)),
    ],
)
def test_reactions_in_public_are_read(name: str, body: IncomingBody) -> None:
    [event] = sample(name)
    assert (event.body, event.thread_id) == (body, f"{PAGE}_900")


def test_a_review_has_stars_and_a_recommendation_has_none() -> None:
    [review], [recommendation] = sample("review"), sample("recommendation")
    assert isinstance(review.body, WrittenMessage)
    assert isinstance(recommendation.body, WrittenMessage)
    assert (review.body.stars, review.body.text) == (2, "Broke in a week")
    assert review.body.author_name == "Mira Lindqvist"
    assert review.author_id == CUSTOMER
    assert (recommendation.body.stars, recommendation.body.payload) == (0, "NEGATIVE")


def test_a_mention_elsewhere_is_a_public_message() -> None:
    [event] = sample("mention")
    assert (event.thread_id, event.author_id) == ("555_12", "555")
    assert isinstance(event.body, WrittenMessage)
    assert event.body.author_name == "Kitchen Club"
    assert event.body.is_public


@pytest.mark.parametrize(
    ("name", "type_name"), [("comment_hidden", "feed.comment.hide"), ("leadgen", "leadgen")]
)
def test_other_changes_are_kept(name: str, type_name: str) -> None:
    [event] = sample(name)
    assert isinstance(event.body, UnrecognisedEvent)
    assert event.body.type == type_name


@pytest.mark.parametrize("key", ["messaging", "sender"])
def test_a_lone_event_of_a_relay_is_read(key: str) -> None:
    [item] = json.loads((SAMPLES / "text.json").read_bytes())["entry"][0]["messaging"]
    body = json.dumps({"messaging": item} if key == "messaging" else item).encode()
    assert CHANNEL.parse(InboundRequest(body)) == sample("text")


def told(message: dict[str, object], **fields: object) -> IncomingEvent:
    event = {"sender": {"id": CUSTOMER}, "recipient": {"id": PAGE}, "message": message} | fields
    [read] = CHANNEL.parse(InboundRequest(json.dumps(event).encode()))
    return read


def test_a_message_without_an_id_is_named_by_what_it_says() -> None:
    event = told({"text": "My kettle leaks"})
    assert isinstance(event.body, WrittenMessage)
    assert event.event_id == event.body.message_id == told({"text": "My kettle leaks"}).event_id
    assert event.event_id != told({"text": "My kettle drips"}).event_id
    assert event.thread_id == THREAD


def test_a_time_that_is_none_costs_the_time_alone() -> None:
    event = told({"mid": "m_A1", "text": "My kettle leaks"}, timestamp="TIMESTAMP")
    assert event.body == replace(WRITTEN, text="My kettle leaks")
    assert event.occurred_at_us is None


def test_an_attachment_whose_payload_is_a_text_takes_no_message_with_it() -> None:
    attachments = [{"type": "template", "payload": "ORDER", "title": "Kettle"}]
    body = told({"mid": "m_A1", "text": "See", "attachments": attachments}).body
    assert body == replace(WRITTEN, text="See", attachments=(Attachment("link", name="Kettle"),))


def test_a_guest_is_known_by_a_reference_that_may_be_a_number() -> None:
    event = told({"mid": "m_A1", "text": "Hej"}, sender={"user_ref": 7001002003})
    assert (event.thread_id, event.author_id) == (THREAD, CUSTOMER)
    assert isinstance(event.body, WrittenMessage)


def test_an_id_may_be_a_number() -> None:
    event = {"sender": {"id": 1}, "recipient": {"id": 2}, "read": {"mid": 3}}
    [read] = CHANNEL.parse(InboundRequest(json.dumps(event).encode()))
    assert (read.thread_id, read.author_id, read.body) == ("2:1", "1", Receipt("read", ("3",)))


def test_a_sticker_in_its_old_and_its_new_form_is_one() -> None:
    forms = [
        {"type": kind, "payload": {"url": f"https://cdn.example/{kind}", "sticker_id": 369}}
        for kind in ("sticker", "image")
    ]
    body = told({"mid": "m_A1", "attachments": forms}).body
    sticker = Attachment("sticker", media_id="369", url="https://cdn.example/sticker")
    assert body == replace(WRITTEN, attachments=(sticker,))


def test_an_echo_that_names_the_page_as_its_receiver_stays_in_the_pages_thread() -> None:
    event = {"sender": {"id": CUSTOMER}, "recipient": {"id": PAGE}}
    echo = {**event, "message": {"mid": "m_A1", "is_echo": True, "text": "Hej"}}
    payload = {"object": "page", "entry": [{"id": PAGE, "messaging": [echo]}]}
    [read] = CHANNEL.parse(InboundRequest(json.dumps(payload).encode()))
    assert read.thread_id == THREAD
