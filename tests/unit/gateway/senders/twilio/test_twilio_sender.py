from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.channels.twilio.channel import TwilioSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Part, Reply, ReplyRefusedError, TryLaterError
from services.gateway.senders.sender import Platform, PlatformAnswer
from services.gateway.senders.twilio import TwilioSender

SENDER = TwilioSender()
NOW_US = 1_769_846_400_000_000
SETTINGS = TwilioSettings(secrets=("t0ken",), account_sid="AC01", from_address="+4930")


def reply(**changed: Any) -> Reply:
    usual: dict[str, Any] = {
        "reply_id": "r-1",
        "thread_id": "+49170",
        "text": "It is found.",
        "last_customer_at_us": NOW_US - 3_600_000_000,
    }
    return Reply(**usual | changed)


def plan(settings: TwilioSettings = SETTINGS, **changed: Any) -> list[Part]:
    return list(SENDER.plan(reply(**changed), settings, NOW_US))


def refusal(settings: TwilioSettings = SETTINGS, **changed: Any) -> ReplyRefusedError:
    with pytest.raises(ReplyRefusedError) as caught:
        plan(settings, **changed)
    return caught.value


def test_an_answer_leaves_from_the_number_that_was_written_to() -> None:
    [part] = plan(reply_address="+4989")
    assert part.payload == {"Body": "It is found.", "To": "+49170", "From": "+4989"}
    [part] = plan()
    assert part.payload["From"] == "+4930"
    [part] = plan(TwilioSettings(account_sid="AC01", messaging_service_sid="MG1"))
    assert part.payload["MessagingServiceSid"] == "MG1"
    assert refusal(TwilioSettings(account_sid="AC01")).code == "no_sender"


def test_a_long_answer_goes_out_in_parts_of_1600() -> None:
    parts = plan(text="A sentence of words. " * 200)
    assert len(parts) == 3
    assert all(len(part.text) <= 1600 for part in parts)
    assert [part.key for part in parts] == ["r-1:0", "r-1:1", "r-1:2"]
    assert refusal(text="word " * 4_000).code == "too_long"


def test_media_go_with_the_last_words() -> None:
    media = tuple(Attachment("image", url=f"https://x.example/{n}.png") for n in range(12))
    first, second = plan(attachments=media)
    assert (first.text, len(cast("list[str]", first.payload["MediaUrl"]))) == ("It is found.", 10)
    assert (second.text, len(cast("list[str]", second.payload["MediaUrl"]))) == ("", 2)
    whatsapp = plan(attachments=media[:3], thread_id="whatsapp:+49170")
    assert [part.payload.get("Body") for part in whatsapp] == ["It is found.", None, None]
    assert whatsapp[0].payload["From"] == "whatsapp:+4930"
    assert refusal(attachments=(Attachment("file", content=b"x"),)).code == "attachment_unsendable"


def test_whatsapp_takes_free_text_for_a_day_and_then_a_template() -> None:
    late: dict[str, Any] = {
        "thread_id": "whatsapp:+49170",
        "last_customer_at_us": NOW_US - 90_000_000_000,
    }
    closed = refusal(**late)
    assert closed.code == "window_closed"
    assert "template" in closed.remedy
    [part] = plan(**late, template=("HX01", "en", ("tomorrow",)))
    assert part.payload["ContentSid"] == "HX01"
    assert json.loads(str(part.payload["ContentVariables"])) == {"1": "tomorrow"}
    assert plan(last_customer_at_us=0)
    assert refusal(template=("bag", "en", ())).code == "unknown_template"


def test_choices_and_the_signature_stand_below_the_text() -> None:
    settings = TwilioSettings(account_sid="AC01", from_address="+4930", sign="name")
    [part] = plan(settings, agent_name="Anna", quick_replies=(("Yes", "y"), ("No", "n")))
    assert part.text == "It is found.\n- Anna\n1. Yes\n2. No"


def test_what_says_nothing_or_nobody_sends_is_refused() -> None:
    assert refusal(text=" ").code == "empty"
    assert refusal(TwilioSettings(from_address="+4930")).code == "no_account_sid"


@dataclass
class FakeTwilio:
    status: int = 201
    body: bytes = b'{"sid": "SM1"}'
    headers: Mapping[str, str] = field(default_factory=dict)
    calls: list[tuple[str, Mapping[str, str], dict[str, list[str]]]] = field(default_factory=list)

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes
    ) -> PlatformAnswer:
        self.calls.append((f"{method} {url}", headers, parse_qs(body.decode())))
        return PlatformAnswer(self.status, self.headers, self.body)


async def send(fake: FakeTwilio, settings: TwilioSettings = SETTINGS, **changed: Any) -> str:
    [part] = plan(settings, **changed)
    return await SENDER.send(part, settings, cast("Platform", fake))


async def test_a_message_is_posted_as_twilio_wants_it() -> None:
    fake = FakeTwilio()
    picture = Attachment("image", url="https://x.example/a.png")
    assert await send(fake, attachments=(picture,), text="größer") == "SM1"
    [(call, headers, form)] = fake.calls
    assert call == "POST https://api.twilio.com/2010-04-01/Accounts/AC01/Messages.json"
    assert headers["authorization"] == "Basic " + b64encode(b"AC01:t0ken").decode()
    assert form == {
        "Body": ["größer"],
        "To": ["+49170"],
        "From": ["+4930"],
        "MediaUrl": ["https://x.example/a.png"],
    }


async def test_an_api_key_signs_in_where_there_is_one() -> None:
    fake = FakeTwilio()
    settings = TwilioSettings(
        account_sid="AC01", api_key_sid="SK1", api_key_secret="k", from_address="+4930"
    )
    await send(fake, settings)
    assert fake.calls[0][1]["authorization"] == "Basic " + b64encode(b"SK1:k").decode()


async def test_a_conversation_is_answered_in_itself() -> None:
    fake = FakeTwilio(body=b'{"sid": "IM1"}')
    assert await send(fake, thread_id="CH01", agent_name="Anna") == "IM1"
    [(call, _, form)] = fake.calls
    assert call == "POST https://conversations.twilio.com/v1/Conversations/CH01/Messages"
    assert form == {"Body": ["It is found."], "Author": ["Anna"]}


async def test_what_twilio_refuses_comes_back_with_its_code() -> None:
    body = b'{"code": 21610, "message": "unsubscribed recipient", "status": 400}'
    with pytest.raises(ReplyRefusedError, match="unsubscribed") as caught:
        await send(FakeTwilio(400, body))
    assert caught.value.code == "21610"


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_busy_twilio_is_tried_later(status: int) -> None:
    with pytest.raises(TryLaterError) as caught:
        await send(FakeTwilio(status, b"", {"retry-after": "3"}))
    assert caught.value.after_us == 3_000_000


@given(st.text(), st.text(), st.booleans())
def test_every_reply_is_planned_or_refused(text: str, thread: str, late: bool) -> None:
    changed: dict[str, Any] = {"text": text, "thread_id": thread} | (
        {"last_customer_at_us": 0} if late else {}
    )
    try:
        parts = plan(**changed)
    except ReplyRefusedError as error:
        assert error.code  # noqa: PT017  # either outcome is fine; a crash is not
    else:
        assert parts == plan(**changed)
        assert all(len(part.text) <= 1600 for part in parts)
