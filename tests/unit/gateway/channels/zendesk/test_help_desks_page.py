"""docs/channels/help-desks.md: the body that it gives for a trigger is understood."""

from __future__ import annotations

import re
from pathlib import Path

from services.gateway.channels.zendesk import ZendeskChannel
from services.gateway.domain.inbound import InboundRequest
from services.gateway.domain.incoming import StatusChange, WrittenMessage

PAGE = Path(__file__).parents[5] / "docs" / "channels" / "help-desks.md"
FILLED = {
    "ticket.id": "141",
    "ticket.status": "Open",
    "ticket.updated_at_with_timestamp": "2026-01-31T08:00:00Z",
    "ticket.requester.id": "501",
    "current_user.id": "501",
    "ticket.latest_comment.is_public": "true",
    "ticket.latest_comment.created_at_with_time": "2026-01-31T08:00:00Z",
    "ticket.latest_comment.value": "Where is my bag?",
}


def test_the_pages_trigger_body_is_a_message_and_a_status() -> None:
    [template] = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    body = re.sub(r"\{\{([\w.]+)\}\}", lambda match: FILLED.get(match[1], match[1]), template)
    message, status = ZendeskChannel().parse(InboundRequest(body.encode()))
    assert isinstance(message.body, WrittenMessage)
    assert (message.body.author_kind, message.body.text) == ("customer", "Where is my bag?")
    assert message.thread_id == "141"
    assert isinstance(status.body, StatusChange)
    assert status.body.status == "open"
