"""Twilio's calls: status, menu, queue, dial, conference, recording and transcription callbacks."""

from __future__ import annotations

from services.gateway.channels.calls import CallTeller
from services.gateway.channels.loose import Loose, digest, read_object
from services.gateway.channels.twilio.messages import identifiers
from services.gateway.domain.inbound import InvalidRequestError
from services.gateway.domain.incoming import (
    Attachment,
    AuthorKind,
    CallPhase,
    IncomingEvent,
    WrittenMessage,
)

_CHANNEL = "twilio"
# A menu's choice. What is longer may be a card's number, and is nobody's business here.
_LONGEST_CHOICE = 2
_FAILED = ("busy", "failed", "no-answer", "canceled")
_QUEUE_LEFT: dict[str, CallPhase] = {
    "bridged": "answered",
    "redirected-from-bridged": "answered",
    "bridging-in-process": "answered",
    "hangup": "abandoned",
    "leave": "in_menu",
    "redirected": "transferred",
}
_HOLDS: dict[str, CallPhase] = {"participant-hold": "held", "participant-unhold": "resumed"}


def read(fields: Loose, event_id: str, at_us: int | None) -> list[IncomingEvent]:
    """Return nothing for what tells of no call."""
    call = _call(fields)
    if call is None:
        return []
    if "TranscriptionText" in fields or "TranscriptionEvent" in fields:
        return _transcription(fields, call, at_us)
    if fields.text("RecordingStatus") or _is_left(fields):
        return _recording(fields, call, at_us)
    if "SpeechResult" in fields:
        return [_said(fields, call, f"{call.leg_id}:speech:{event_id}", at_us)]
    if "StatusCallbackEvent" in fields:
        _conference(fields, call, event_id, at_us)
    elif "QueueResult" in fields or "QueueSid" in fields:
        _queue(fields, call, at_us)
    elif "DialCallStatus" in fields:
        _dialled(fields, call, at_us)
    elif "Digits" in fields:
        _menu(fields, call, event_id, at_us)
    else:
        _status(fields, call, at_us)
    return call.events


def _call(fields: Loose) -> CallTeller | None:
    leg = fields.text("CallSid")
    if not leg:
        return None
    return CallTeller(
        channel=_CHANNEL,
        call_id=fields.text("ParentCallSid") or leg,
        leg_id=leg,
        # A leg dialled for a caller who came in belongs to an inbound call.
        outbound=fields.text("Direction") in ("outbound-api", "outbound"),
        caller=fields.text("From", "Caller"),
        callee=fields.text("To", "Called"),
    )


def _status(fields: Loose, call: CallTeller, at_us: int | None) -> None:
    status = fields.text("CallStatus")
    further = call.call_id != call.leg_id
    reached = call.outbound or further
    talked_us = fields.seconds_us("CallDuration")
    recording = fields.text("RecordingUrl")
    agent = call.callee if further else ""
    if status in ("queued", "initiated", "ringing"):
        call.tell("offered", at_us)
    elif status in ("in-progress", "answered"):
        call.tell("answered" if reached else "in_menu", at_us, agent=agent)
    elif status == "completed":
        call.tell("ended", at_us, duration_us=talked_us, recording_url=recording, agent=agent)
    elif status in _FAILED:
        call.tell("ended" if reached else "abandoned", at_us, reason=status, agent=agent)


def _menu(fields: Loose, call: CallTeller, event_id: str, at_us: int | None) -> None:
    digits = fields.text("Digits")
    choice = digits if len(digits) <= _LONGEST_CHOICE else f"{len(digits)} digits"
    call.tell("in_menu", at_us, reason=choice, suffix=event_id)


def _queue(fields: Loose, call: CallTeller, at_us: int | None) -> None:
    queue, waited_us = fields.text("QueueSid"), fields.seconds_us("QueueTime")
    result = fields.text("QueueResult")
    phase: CallPhase | None = _QUEUE_LEFT.get(result)
    if "DequeingCallSid" in fields:
        phase = "answered"
    elif not result:
        # The waiting music is asked for again and again; the wait began once.
        call.tell("queued", at_us, queue=queue, suffix=queue)
        return
    if phase is not None:
        agent = fields.text("DequeingCallSid")
        call.tell(phase, at_us, duration_us=waited_us, queue=queue, agent=agent, reason=result)


def _dialled(fields: Loose, call: CallTeller, at_us: int | None) -> None:
    """Tell how the dialled leg ended; its own callbacks tell the same under the same id."""
    leg = CallTeller(
        channel=_CHANNEL,
        call_id=call.call_id,
        leg_id=fields.text("DialCallSid") or f"{call.leg_id}:dial",
        outbound=call.outbound,
        caller=call.caller,
        callee=call.callee,
    )
    status = fields.text("DialCallStatus")
    leg.tell(
        "ended",
        at_us,
        duration_us=fields.seconds_us("DialCallDuration"),
        recording_url=fields.text("RecordingUrl"),
        reason="" if status in ("completed", "answered") else status,
    )
    call.events.extend(leg.events)


def _conference(fields: Loose, call: CallTeller, event_id: str, at_us: int | None) -> None:
    phase = _HOLDS.get(fields.text("StatusCallbackEvent"))
    if phase is not None:
        suffix = fields.text("SequenceNumber") or event_id
        call.tell(phase, at_us, queue=fields.text("FriendlyName"), suffix=suffix)


def _recording(fields: Loose, call: CallTeller, at_us: int | None) -> list[IncomingEvent]:
    url = fields.text("RecordingUrl")
    if fields.text("RecordingStatus") not in ("", "completed") or not url:
        return []
    recording_id = fields.text("RecordingSid") or url.rstrip("/").rpartition("/")[2]
    # What a caller leaves on the machine is a message of theirs; other recordings are of a talk.
    kind: AuthorKind = (
        "customer" if fields.text("RecordingSource") in ("RecordVerb", "") else "system"
    )
    recording = Attachment("audio", media_id=recording_id, url=url)
    at_us = fields.moment_us("RecordingStartTime") or at_us
    return [_message(call, recording_id, kind, "", at_us, attachments=(recording,))]


def _is_left(fields: Loose) -> bool:
    """Tell whether it is what a caller left on the machine; a dial's recording is of a talk."""
    told = ("DialCallStatus", "TranscriptionText", "StatusCallbackEvent", "CallDuration")
    return "RecordingUrl" in fields and not any(name in fields for name in told)


def _transcription(fields: Loose, call: CallTeller, at_us: int | None) -> list[IncomingEvent]:
    if "TranscriptionText" in fields:
        text = fields.text("TranscriptionText")
        turn = fields.text("TranscriptionSid") or f"{call.leg_id}:transcription"
        return [_message(call, turn, "customer", text, at_us, payload="transcript")] if text else []
    # Twilio tells of what it hears before it is sure; only what is final was said.
    unsure = "Final" in fields and not fields.flag("Final")
    if fields.text("TranscriptionEvent") != "transcription-content" or unsure:
        return []
    try:
        text = read_object(fields.text("TranscriptionData").encode()).text("transcript")
    except InvalidRequestError:
        return []
    theirs = "outbound_track" if call.outbound else "inbound_track"
    author: AuthorKind = "customer" if fields.text("Track") == theirs else "agent"
    place = fields.text("SequenceId") or digest(text.encode())[:16]
    turn = f"{call.leg_id}:turn:{place}"
    language = fields.text("LanguageCode")
    return [_message(call, turn, author, text, at_us, language=language, payload="transcript")]


def _said(fields: Loose, call: CallTeller, event_id: str, at_us: int | None) -> IncomingEvent:
    """Return what a caller told the machine."""
    text, language = fields.text("SpeechResult"), fields.text("Language")
    return _message(
        call, event_id, "customer", text, at_us, language=language, payload="transcript"
    )


def _message(  # a message's facts
    call: CallTeller,
    message_id: str,
    author: AuthorKind,
    text: str,
    at_us: int | None,
    *,
    attachments: tuple[Attachment, ...] = (),
    language: str = "",
    payload: str = "",
) -> IncomingEvent:
    theirs = author == "customer"
    body = WrittenMessage(
        message_id=message_id,
        author_kind=author,
        author_name="",
        text=text,
        language_hint=language,
        identifiers=identifiers(call.customer) if theirs else (),
        attachments=attachments,
        payload=payload,
    )
    thread = call.customer or call.call_id
    author_id = call.customer if theirs else ""
    return IncomingEvent(message_id, _CHANNEL, thread, body, at_us, author_id=author_id)
