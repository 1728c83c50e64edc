"""What the conversation lane asks for by itself leaves as a mail that no machine may answer."""

from __future__ import annotations

import json
from email import message_from_bytes, policy
from typing import Any

from careline.event.v1.event_pb2 import AuthorKind, Event, Message, Tick
from services.conversation.acknowledger import Acknowledger
from services.conversation.domain.acknowledging import AcknowledgingPolicy
from services.conversation.streams import lane_spec, stage
from services.gateway.channels.mail import MailSettings, reading
from services.gateway.domain.incoming import WrittenMessage
from services.gateway.senders.mail import MailSender
from services.gateway.sending.planning import reply_of
from services.kernel.testing.harness import LaneHarness

SECOND_US = 1_000_000
AT_US = 1_700_000_000 * SECOND_US
ACKNOWLEDGER = Acknowledger(AcknowledgingPolicy(60 * SECOND_US, ("mail",)))
SETTINGS = MailSettings(address="help@x.example", submission="smtp://u:p@127.0.0.1:2525")


class Outbox:
    """The sender's outside, as far as a mail without files needs it."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], bytes]] = []

    def now_us(self) -> int:
        return AT_US

    async def submit_mail(
        self, server: str, message: bytes, envelope_sender: str, recipients: list[str]
    ) -> None:
        assert server == SETTINGS.submission
        self.mails.append((envelope_sender, recipients, bytes(message)))


def requested() -> Event:
    lane = LaneHarness(lane_spec(1_000, ACKNOWLEDGER), lambda: stage(1_000, ACKNOWLEDGER))
    written = Event(
        event_id="e1",
        organisation_id="acme",
        channel="mail",
        account_id="help",
        timeline="live",
        occurred_at_us=AT_US,
        accepted_at_us=AT_US,
        thread_key="acme/mail/1@y.example",
    )
    address = {"to": "bob@y.example", "subject": "Suitcase", "message_id": "1@y.example"}
    written.message.CopyFrom(
        Message(
            message_id="1@y.example",
            author_kind=AuthorKind.AUTHOR_KIND_CUSTOMER,
            text="Where is my suitcase?",
            reply_address=json.dumps(address),
        )
    )
    later = AT_US + 61 * SECOND_US
    lane.feed(written, Event(timeline="live", occurred_at_us=later, tick=Tick()))
    lane.flush()
    (request,) = lane.events("channel.reply-requested.v1")
    return request


async def test_an_acknowledgement_says_that_it_is_automatic_and_returns_nowhere() -> None:
    outbox: Any = Outbox()
    sender = MailSender()
    (part,) = sender.plan(reply_of(requested(), {}), SETTINGS, AT_US)
    await sender.send(part, SETTINGS, outbox)
    ((envelope_sender, recipients, raw),) = outbox.mails
    assert (envelope_sender, recipients) == ("", ["bob@y.example"])
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["In-Reply-To"] == "<1@y.example>"
    assert mail["Subject"] == "Re: Suitcase"
    assert "We have it and will answer soon." in mail.get_content()
    # Should it come back to us, it is no customer's message to acknowledge.
    [event] = reading.read(raw)
    assert isinstance(event.body, WrittenMessage)
    assert event.body.automatic
