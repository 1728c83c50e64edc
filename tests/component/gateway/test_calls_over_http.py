"""Signed addresses and shared secrets, over HTTP into what goes to the log."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlencode

import pytest
from aiohttp import encode_basic_auth
from aiohttp.test_utils import TestClient, TestServer
from twilio.request_validator import RequestValidator
from yarl import URL

from careline.channel.v1.happenings_pb2 import CallPhase
from careline.event.v1.event_pb2 import Event
from services.gateway.adapters.http_server import build_app
from services.gateway.channels.base import SecretSettings
from services.gateway.channels.twilio.channel import TwilioSettings
from services.gateway.domain.account import Account, Accounts
from services.gateway.domain.keys import PartyKeys
from services.gateway.domain.repeats import RecentEvents
from services.gateway.handlers import RequestIntake
from services.gateway.ports_media import BlobStore
from services.kernel.testing.clock import ManualClock

PUBLIC = "https://care.example.org"
TOKEN = "auth-token"
PASSWORD = {"Authorization": encode_basic_auth("freeswitch", "s3cret")}
NOW_US = 1_769_846_500_000_000
RECORD = {
    "variables": {
        "uuid": "leg-a",
        "direction": "inbound",
        "caller_id_number": "+361",
        "start_uepoch": "1769846400000000",
        "end_uepoch": "1769846430000000",
        "hangup_cause": "ORIGINATOR_CANCEL",
    }
}


@dataclass
class Published:
    events: list[Event] = field(default_factory=list)
    letters: list[str] = field(default_factory=list)

    async def publish(self, events: Sequence[Event], payload: object = None) -> None:
        self.events.extend(events)

    async def keep_letter(self, payload: object, reason: str) -> None:
        self.letters.append(reason)


@pytest.fixture
def published() -> Published:
    return Published()


@pytest.fixture
async def http(published: Published) -> AsyncIterator[TestClient[Any, Any]]:
    accounts = Accounts(
        [
            Account("acme", "de", "twilio", TwilioSettings((TOKEN,), public_url=PUBLIC)),
            Account("acme", "pbx", "freeswitch", SecretSettings(("s3cret",))),
        ]
    )
    intake = RequestIntake(
        accounts,
        published,
        ManualClock(NOW_US),
        PartyKeys("a secret of some length"),
        recent=RecentEvents(100),
        blobs=cast("BlobStore", None),
    )
    async with TestClient(TestServer(build_app(intake))) as client:
        yield client


async def test_twilios_signature_covers_the_address_as_it_came(
    http: TestClient[Any, Any], published: Published
) -> None:
    target = "/v1/twilio/acme/de?note=a%2Fb%20c+d&empty="
    form = {"MessageSid": "SM1", "From": "+49170", "To": "+4930", "Body": "größer?"}
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC + target, form)
    answer = await http.post(
        URL(target, encoded=True),
        data=urlencode(form),
        headers={
            "X-Twilio-Signature": signature,
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Forwarded-Host": "elsewhere.example",
        },
    )
    assert answer.status == 200
    assert answer.content_type == "text/xml"
    assert "<Response/>" in await answer.text()
    [event] = published.events
    assert (event.message.text, event.thread_key) == ("größer?", "acme/twilio/+49170")


async def test_a_signature_for_another_address_is_refused(
    http: TestClient[Any, Any], published: Published
) -> None:
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC + "/v1/twilio/acme/fr", {})
    answer = await http.post("/v1/twilio/acme/de", headers={"X-Twilio-Signature": signature})
    assert answer.status == 401
    assert published.events == []


async def test_a_call_record_with_its_password_becomes_the_calls_steps(
    http: TestClient[Any, Any], published: Published
) -> None:
    address = "/v1/freeswitch/acme/pbx"
    refused = await http.post(address, data=json.dumps(RECORD))
    assert refused.status == 401
    answer = await http.post(address, data=json.dumps(RECORD), headers=PASSWORD)
    assert answer.status == 200
    assert [CallPhase.Name(event.call_progressed.phase) for event in published.events] == [
        "CALL_PHASE_OFFERED",
        "CALL_PHASE_ABANDONED",
    ]
    assert published.events[1].call_progressed.duration_us == 30_000_000


async def test_what_is_no_record_is_kept_and_answered(
    http: TestClient[Any, Any], published: Published
) -> None:
    answer = await http.post("/v1/freeswitch/acme/pbx", data="hello", headers=PASSWORD)
    assert answer.status == 200
    assert len(published.letters) == 1
