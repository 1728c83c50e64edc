"""Every kind of event becomes a document that the index takes; people are not named in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from careline.channel.v1.content_pb2 import AttachmentKept
from careline.channel.v1.happenings_pb2 import (
    CallPhase,
    CallProgressed,
    CustomerActed,
    EngagementCounted,
    MessageDeleted,
    ReactionChanged,
    ReceiptArrived,
    ReceiptKind,
    SurveyAnswered,
)
from careline.channel.v1.replies_pb2 import ReplyProgressed, ReplyRequested, ReplyState
from careline.event.v1.event_pb2 import Event
from services.indexer.adapters.index_definitions import index_definitions
from services.indexer.adapters.memory import MemoryStore
from services.indexer.sink import IndexSink
from services.kernel.testing.harness import LaneHarness

MakeEvent = Callable[..., Event]

BODIES: dict[str, tuple[Any, dict[str, Any]]] = {
    "message_deleted": (MessageDeleted(message_id="m1"), {"about_message_ids": ["m1"]}),
    "reaction_changed": (
        ReactionChanged(message_id="m1", reaction="👍"),
        {"about_message_ids": ["m1"], "subject": "👍"},
    ),
    "receipt_arrived": (
        ReceiptArrived(
            kind=ReceiptKind.RECEIPT_KIND_FAILED,
            message_ids=["m1", "m2"],
            code="131026",
            reason="Message undeliverable",
        ),
        {
            "about_message_ids": ["m1", "m2"],
            "subject": "failed",
            "code": "131026",
            "reason": "Message undeliverable",
        },
    ),
    "engagement_counted": (
        EngagementCounted(message_id="m1", likes=3),
        {"about_message_ids": ["m1"]},
    ),
    "call_progressed": (
        CallProgressed(
            call_id="c1",
            phase=CallPhase.CALL_PHASE_QUEUED,
            caller="+12025550143",
            duration_us=1_500_000,
        ),
        {"object_id": "c1", "subject": "queued", "duration_seconds": 1.5},
    ),
    "customer_acted": (
        CustomerActed(action="order.late", object_id="o1", author_name="Mia Example"),
        {"subject": "order.late", "object_id": "o1"},
    ),
    "survey_answered": (
        SurveyAnswered(survey_id="s1", kind="csat", score=0, scale_max=5, comment="slow"),
        {"subject": "csat", "object_id": "s1", "score": 0.0, "text": "slow"},
    ),
    "attachment_kept": (
        AttachmentKept(message_id="m1", position=0, blob_ref="blob:1", media_type="image/png"),
        {"about_message_ids": ["m1"], "subject": "image/png", "object_id": "blob:1"},
    ),
    "reply_requested": (
        ReplyRequested(reply_id="r1", text="Done.", agent_name="Anna Berg", by_bot=True),
        {"reply_id": "r1", "text": "Done.", "author_kind": "bot"},
    ),
    "reply_progressed": (
        ReplyProgressed(
            reply_id="r1",
            state=ReplyState.REPLY_STATE_REFUSED,
            code="window_closed",
            reason="24 hours have passed",
            agent_name="Anna Berg",
        ),
        {
            "reply_id": "r1",
            "subject": "refused",
            "code": "window_closed",
            "reason": "24 hours have passed",
            "author_kind": "agent",
        },
    ),
}


@pytest.mark.parametrize("kind", BODIES)
def test_a_body_becomes_a_document(lane: LaneHarness, message: MakeEvent, kind: str) -> None:
    body, expected = BODIES[kind]
    event = message(1)
    getattr(event, kind).CopyFrom(body)
    lane.feed(event)
    lane.flush()
    store = MemoryStore()
    asyncio.run(IndexSink(store).write(lane.effects))
    (document,) = store.written["events"].values()
    content = json.loads(document.body)
    assert content["kind"] == kind
    assert {name: content.get(name) for name in expected} == expected
    for secret in ("Mia Example", "Anna Berg", "+12025550143"):
        assert secret not in document.body.decode()
    fields = index_definitions()["events"].mappings["properties"]
    assert set(content) <= set(fields)
