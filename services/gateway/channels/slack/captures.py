"""What captures hold beside what Slack posts: answers of its API, and events alone."""

from __future__ import annotations

from services.gateway.domain.fields import Fields, read_object

_MOST_MESSAGES = 1_000
# What arrives in a form's field "payload" and may lack a button or a trigger.
_INTERACTIONS = frozenset(
    [
        "block_actions",
        "block_suggestion",
        "dialog_cancellation",
        "dialog_submission",
        "dialog_suggestion",
        "interactive_message",
        "message_action",
        "shortcut",
        "view_closed",
        "view_submission",
        "workflow_step_edit",
    ]
)


def opened(capture: Fields) -> Fields:
    """Return what an envelope of the socket holds, or a form's payload that was noted as JSON."""
    payload = capture.values().get("payload")
    if isinstance(payload, list) and len(payload) == 1:
        # As a library that lets a form's fields repeat notes them.
        payload = payload[0]
    if isinstance(payload, dict):
        return Fields(payload, "payload")
    if isinstance(payload, str) and payload.lstrip().startswith("{"):
        return read_object(payload.encode(errors="replace"))
    return capture


def is_interaction(capture: Fields) -> bool:
    kind = capture.values().get("type")
    if isinstance(kind, str) and kind in _INTERACTIONS:
        return True
    return "event" not in capture and ("actions" in capture or "trigger_id" in capture)


def enveloped(capture: Fields) -> list[Fields]:
    """Return the envelope; one is put around each event or message that stands alone."""
    values = capture.values()
    if "event" in capture or values.get("type") == "event_callback":
        return [capture]
    if isinstance(values.get("message"), dict) and "type" not in capture:
        answered = {"type": "message", "channel": values.get("channel"), "ts": values.get("ts")}
        return [Fields({"event": {**answered, **capture.object("message").values()}}, "")]
    if isinstance(values.get("messages"), list) and "type" not in capture:
        told = {"type": "message", "channel": values.get("channel")}
        return [
            Fields({"event": {**told, **one.values()}}, "")
            for one in capture.entries("messages", limit=_MOST_MESSAGES)
        ]
    is_event = any(name in capture for name in ("ts", "event_ts", "item", "channel"))
    return [Fields({"event": values}, "")] if is_event and "type" in capture else []
