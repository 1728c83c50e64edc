"""Contact records (the whole call) and contact events (a step as it happens)."""

from __future__ import annotations

from services.gateway.channels.calls import CallTeller
from services.gateway.channels.loose import Loose
from services.gateway.domain.incoming import CallPhase, IncomingEvent

CHANNEL = "amazon_connect"

_OUTBOUND = ("OUTBOUND", "EXTERNAL_OUTBOUND", "CALLBACK")
# Contacts that go on with an earlier one: the call was offered once.
_CONTINUED = ("TRANSFER", "QUEUE_TRANSFER")
_EVENTS: dict[str, CallPhase] = {
    "INITIATED": "offered",
    "CONNECTED_TO_SYSTEM": "in_menu",
    "QUEUED": "queued",
    "CONNECTED_TO_AGENT": "answered",
    "DISCONNECTED": "ended",
}


def is_record(record: Loose) -> bool:
    """Tell whether it is a record, as streams ("ContactId") or as the API ("Id") write it."""
    return bool(contact_id(record)) and "InitiationTimestamp" in record


def contact_id(record: Loose) -> str:
    return record.text("ContactId", "Id")


def read_record(record: Loose) -> list[IncomingEvent]:
    """Return all steps of one contact, the oldest first."""
    call = _teller(record)
    method = record.text("InitiationMethod").upper()
    if method not in _CONTINUED:
        call.tell("offered", record.moment_us("InitiationTimestamp"))
    queue, agent = record.object("Queue"), record.object("Agent")
    if not queue:
        queue = record.object("QueueInfo")
    if not agent:
        agent = record.object("AgentInfo")
    in_menu_us = record.moment_us("ConnectedToSystemTimestamp")
    queued_us = queue.moment_us("EnqueueTimestamp")
    answered_us = agent.moment_us("ConnectedToAgentTimestamp")
    if in_menu_us and not (call.outbound and answered_us):
        call.tell("in_menu", in_menu_us)
    queue_name = _named(queue, "Name", "ARN", "Id", "QueueArn")
    if queued_us:
        menu_us = queued_us - in_menu_us if in_menu_us else 0
        call.tell("queued", queued_us, duration_us=menu_us, queue=queue_name)
    if answered_us:
        _answered(call, agent, queue, queue_name, answered_us)
    _finished(call, record, queue, queue_name, answered=answered_us is not None)
    return call.in_order()


def _answered(call: CallTeller, agent: Loose, queue: Loose, queue_name: str, at_us: int) -> None:
    name = _named(agent, "Username", "ARN", "Id", "AgentArn")
    waited_us = queue.seconds_us("Duration")
    call.tell("answered", at_us, duration_us=waited_us, queue=queue_name, agent=name)
    holds = int(agent.number("NumberOfHolds") or 0)
    if holds > 0:
        # When each began is not told, only how many there were and how long in all.
        held_us = agent.seconds_us("CustomerHoldDuration")
        reason = f"{holds} hold" if holds == 1 else f"{holds} holds"
        call.tell("held", at_us, duration_us=held_us, agent=name, reason=reason)
    worked_us = agent.moment_us("AfterContactWorkEndTimestamp")
    if worked_us:
        work_us = agent.seconds_us("AfterContactWorkDuration")
        call.tell("wrapped_up", worked_us, duration_us=work_us, agent=name)


def _finished(
    call: CallTeller, record: Loose, queue: Loose, queue_name: str, *, answered: bool
) -> None:
    transferred_us = record.moment_us("TransferCompletedTimestamp")
    agent = record.object("Agent") or record.object("AgentInfo")
    talked_us = agent.seconds_us("AgentInteractionDuration")
    if transferred_us:
        goal = _named(record.object("TransferredToEndpoint"), "Address", "DisplayName")
        call.tell("transferred", transferred_us, agent=goal, queue=queue_name)
    at_us = record.moment_us("DisconnectTimestamp")
    if not at_us:
        return
    reason = record.text("DisconnectReason")
    went_on = bool(transferred_us or record.text("NextContactId"))
    if queue_name and queue.moment_us("EnqueueTimestamp") and not answered and not went_on:
        waited_us = queue.seconds_us("Duration")
        call.tell("abandoned", at_us, duration_us=waited_us, queue=queue_name, reason=reason)
        return
    call.tell(
        "ended",
        at_us,
        duration_us=talked_us,
        agent=_named(agent, "Username", "ARN", "Id", "AgentArn"),
        queue=queue_name,
        recording_url=_recording(record),
        reason=reason,
    )


def is_event(record: Loose) -> bool:
    known = record.text("EventType").upper() in _EVENTS
    return bool(record.text("contactId", "ContactId") and (record.text("eventType") or known))


def read_event(record: Loose) -> list[IncomingEvent]:
    """Return the step that a contact event tells; none for events that are no step."""
    # The documentation's names begin with capitals here and there.
    record, fields = _named_small(record), _named_large(record)
    phase = _EVENTS.get(record.text("eventType").upper())
    continued = fields.text("InitiationMethod").upper() in _CONTINUED
    if phase is None or (phase == "offered" and continued):
        return []
    queue, agent = (
        _named_small(record.object("queueInfo")),
        _named_small(record.object("agentInfo")),
    )
    began_us = queue.moment_us("enqueueTimestamp")
    times: dict[CallPhase, int | None] = {
        "offered": record.moment_us("initiationTimestamp"),
        "in_menu": record.moment_us("connectedToSystemTimestamp"),
        "queued": began_us,
        "answered": agent.moment_us("connectedToAgentTimestamp"),
        "ended": record.moment_us("disconnectTimestamp"),
    }
    answered_us, took_us = times["answered"], 0
    at_us = times[phase] or record.moment_us("time")
    if phase == "ended" and began_us and not answered_us:
        phase = "abandoned"
    since_us = answered_us if phase == "ended" else began_us
    if phase in ("answered", "ended", "abandoned") and at_us and since_us:
        took_us = at_us - since_us
    call = _teller(fields)
    call.tell(
        phase,
        at_us,
        duration_us=took_us,
        queue=_named(queue, "queueArn", "aRN", "arn"),
        agent=_named(agent, "agentArn"),
        reason=record.text("disconnectReason"),
    )
    return call.events


def _named_small(record: Loose) -> Loose:
    return Loose({name[:1].lower() + name[1:]: value for name, value in record.values.items()})


def _named_large(record: Loose) -> Loose:
    return Loose({name[:1].upper() + name[1:]: value for name, value in record.values.items()})


def is_flow(record: Loose) -> bool:
    """Tell whether it is a contact as a flow hands it to a Lambda function: it says no times."""
    return bool(record.text("ContactId") and record.text("InitiationMethod"))


def read_flow(record: Loose) -> list[IncomingEvent]:
    """Return the step that whoever is in a flow has taken: they hear its menu."""
    call = _teller(record)
    queue = _named(record.object("Queue"), "Name", "ARN")
    started = record.object("MediaStreams").object("Customer").object("Audio")
    call.tell("in_menu", started.moment_us("StartTimestamp"), queue=queue)
    return call.events


def _teller(record: Loose) -> CallTeller:
    contact = contact_id(record)
    outbound = record.text("InitiationMethod").upper() in _OUTBOUND
    customer = record.object("CustomerEndpoint").text("Address")
    own = record.object("SystemEndpoint").text("Address")
    first = record.text("InitialContactId") or contact
    return CallTeller(
        channel=CHANNEL,
        call_id=first,
        leg_id=contact,
        outbound=outbound,
        caller=own if outbound else customer,
        callee=customer if outbound else own,
        # What is said in a chat or a call names its contact, not the customer's number.
        thread_id=first,
    )


def _named(part: Loose, *names: str) -> str:
    """Return a queue's or an agent's name; of an ARN its last part."""
    found = part.text(*names)
    return found.rpartition("/")[2] if found.startswith("arn:") else found


def _recording(record: Loose) -> str:
    parts = [record.object("Recording"), *record.objects("Recordings")]
    return next(filter(None, (part.text("Location") for part in parts)), "")
