from __future__ import annotations

import hmac
import json
from base64 import b64encode
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.channels.base import SecretSettings
from services.gateway.channels.zammad import ZammadChannel
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import (
    Attachment,
    Identifier,
    IncomingEvent,
    StatusChange,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = ZammadChannel()
SAMPLES = Path(__file__).parent / "samples"
AT_US = 1_769_846_400_000_000  # 2026-01-31T08:00:00Z
SETTINGS = SecretSettings(secrets=("old", "s3cret"))


def load(**article: Any) -> dict[str, Any]:
    payload = dict(json.loads((SAMPLES / "trigger.json").read_text(encoding="utf-8")))
    payload["article"] |= article
    return payload


def parse(value: object) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest(json.dumps(value).encode()))


def written(**article: Any) -> WrittenMessage:
    body = parse(load(**article))[0].body
    assert isinstance(body, WrittenMessage)
    return body


def test_a_customers_article_is_a_message_and_the_ticket_a_status() -> None:
    message, status = parse(load())
    assert message == IncomingEvent(
        event_id="article:301",
        channel="zammad",
        thread_id="81",
        body=WrittenMessage(
            message_id="301",
            author_kind="customer",
            author_name="Mira Okafor",
            text="Where is it?\n\nMira",
            reply_to_message_id="<a@x>",
            language_hint="en",
            identifiers=(
                Identifier("email", "mira@example.net"),
                Identifier("phone", "+36700000001"),
            ),
            attachments=(
                Attachment(
                    "image",
                    "9",
                    "https://desk.example/api/v1/ticket_attachment/81/301/9",
                    "image/jpeg",
                    "bag.jpg",
                    4096,
                    inline=True,
                ),
            ),
            subject="Lost bag",
        ),
        occurred_at_us=AT_US,
        author_id="22",
    )
    assert status.body == StatusChange("open", "4", "high")
    assert status.occurred_at_us == AT_US + 1_000_000


def test_an_agents_article_is_theirs_and_plain_text_stays_as_it_is() -> None:
    body = written(
        sender="Agent",
        content_type="text/plain",
        body="We <found> it",
        created_by={"id": 4, "firstname": "Anna", "lastname": ""},
    )
    assert (body.author_kind, body.author_name, body.text) == ("agent", "Anna", "We <found> it")
    assert body.identifiers == ()
    assert written(sender="System").author_kind == "bot"


def test_a_call_that_an_agent_wrote_down_is_the_customers() -> None:
    agent = {"id": 4, "firstname": "Anna", "email": "anna@acme.example"}
    [event, _] = parse(load(type="phone", created_by=agent, **{"from": "Mira Okafor"}))
    assert event.author_id == "22"
    other = {"id": 30, "firstname": "Jo", "email": "jo@example.net"}
    [event, _] = parse(load(created_by=other, **{"from": "Jo <jo@example.net>"}))
    assert event.author_id == "30"


def test_an_internal_article_is_nobodys_message() -> None:
    [only] = parse(load(internal=True))
    assert isinstance(only.body, StatusChange)


def test_an_article_changed_later_is_an_edit() -> None:
    [event, _] = parse(load(updated_at="2026-01-31T09:00:00Z"))
    assert isinstance(event.body, WrittenMessage)
    assert event.body.edited
    assert event.event_id != "article:301"


def test_states_and_owners_of_both_shapes_are_read() -> None:
    payload = load()
    payload["ticket"] |= {"state": {"name": "pending reminder"}, "owner": {"id": 1}, "priority": ""}
    assert parse(payload)[1].body == StatusChange("pending")


def test_a_request_without_either_is_kept() -> None:
    [event] = parse({"ticket": {"id": 1, "state": "to be called"}})
    assert isinstance(event.body, UnrecognisedEvent)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"ticket": {}}', b"[" * 99_999])
def test_what_names_no_ticket_is_turned_down(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        CHANNEL.parse(InboundRequest(body))


def test_the_signature_or_the_credentials_prove_it() -> None:
    digest = hmac.new(b"s3cret", b"{}", sha1).hexdigest()
    CHANNEL.verify(InboundRequest(b"{}", {"x-hub-signature": f"sha1={digest}"}), SETTINGS, 0)
    basic = "Basic " + b64encode(b"zammad:s3cret").decode()
    CHANNEL.verify(InboundRequest(b"{}", {"authorization": basic}), SETTINGS, 0)
    for headers in (
        {},
        {"x-hub-signature": f"sha1={digest[:-1]}~"},
        {"x-hub-signature": "sha1=", "authorization": basic},
        {"authorization": "Basic " + b64encode(b"zammad:s3creu").decode()},
    ):
        with pytest.raises(RefusedError):
            CHANNEL.verify(InboundRequest(b"{}", headers), SETTINGS, 0)
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(b"{ ", {"x-hub-signature": f"sha1={digest}"}), SETTINGS, 0)


@given(st.binary(), st.text(), st.text())
def test_any_credentials_are_refused_and_nothing_else(body: bytes, one: str, two: str) -> None:
    headers = {"x-hub-signature": one, "authorization": f"Basic {two}"}
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(body, headers), SETTINGS, 0)


NAMES = st.sampled_from(
    ["id", "ticket_id", "state", "priority", "owner", "customer", "sender", "type", "internal",
     "created_at", "updated_at", "body", "content_type", "attachments", "preferences", "size",
     "from", "name", "email", "created_by"]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    | st.sampled_from(["open", "text/html", "<p>x", "2026-01-31T08:00:00Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(NAMES, JSON), st.dictionaries(NAMES, JSON))
def test_any_payload_is_read_or_turned_down(ticket: object, article: object) -> None:
    try:
        assert parse({"ticket": ticket, "article": article})
    except InvalidRequestError as error:
        assert error.place  # noqa: PT017  # either outcome is fine; a crash is not
