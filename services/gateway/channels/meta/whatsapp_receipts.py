"""What became of the business's WhatsApp messages and calls."""

from __future__ import annotations

from collections.abc import Mapping

from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.incoming import (
    CallPhase,
    CallStep,
    IncomingBody,
    MessageDeletion,
    Receipt,
    ReceiptKind,
)

_MOST_ERRORS = 20
_MICROSECONDS = 1_000_000

_RECEIPTS: Mapping[str, ReceiptKind] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "played": "read",
    "failed": "failed",
}
# A call that the business made, seen from its own end.
_RINGING: Mapping[str, CallPhase] = {
    "RINGING": "offered",
    "ACCEPTED": "answered",
    "REJECTED": "ended",
}


def read_status(status: Fields, message_id: str) -> IncomingBody | None:
    """Return what the status is; None for one that this version does not know."""
    state = status.text("status")
    if status.text("type", "") == "call":
        phase = _RINGING.get(state.upper())
        reason = state.lower() if phase == "ended" else ""
        return phase and CallStep(message_id, phase, outbound=True, reason=reason)
    if state == "deleted":
        return MessageDeletion(message_id)
    if state not in _RECEIPTS:
        return None
    code, reason = _error(status)
    return Receipt(_RECEIPTS[state], (message_id,), code=code, reason=reason)


def _error(status: Fields) -> tuple[str, str]:
    for error in status.objects("errors", limit=_MOST_ERRORS):
        details = ""
        if isinstance(error.values().get("error_data"), dict):
            details = error.object("error_data").text("details", "", limit=TEXT_LIMIT)
        words = error.text("message", "", limit=TEXT_LIMIT) or error.text("title", "")
        return error.identifier("code", ""), details or words
    return "", ""


def read_call(call: Fields, call_id: str) -> CallStep | None:
    """Return the call's step; None for an event that this version does not know."""
    event = call.text("event")
    outbound = call.text("direction", "USER_INITIATED") == "BUSINESS_INITIATED"
    status = call.identifier("status", "")
    duration_us = round(call.number("duration") * _MICROSECONDS) if "duration" in call else 0
    phase: CallPhase
    if event == "connect":
        phase = "answered" if outbound else "offered"
    elif event == "terminate":
        phase = "ended" if outbound or duration_us else "abandoned"
    else:
        return None
    return CallStep(
        call_id,
        phase,
        outbound=outbound,
        caller=call.identifier("from", "") or call.text("from_user_id", ""),
        callee=call.identifier("to", "") or call.text("to_user_id", ""),
        duration_us=duration_us,
        reason=status.lower() if event == "terminate" else "",
    )
