"""The ways in which FreeSWITCH writes a leg down, told as mod_json_cdr tells it.

Beside that module's record: mod_xml_cdr's, a record's variables alone, and the channel events of
the event socket, in JSON or in lines ("Unique-ID: …").
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from services.gateway.channels.loose import Loose, read_object
from services.gateway.domain.inbound import InvalidRequestError

EVENT = "Event-Name"

_VARIABLE = "variable_"
_PROFILE = {
    "caller_id_number": ("Caller-Orig-Caller-ID-Number", "Caller-Caller-ID-Number", "Caller-ANI"),
    "destination_number": ("Caller-Destination-Number", "Caller-Callee-ID-Number"),
    "uuid": ("Unique-ID", "Caller-Unique-ID"),
}
_TIMES = {
    "created_time": ("Caller-Channel-Created-Time",),
    "answered_time": ("Caller-Channel-Answered-Time",),
    "bridged_time": ("Caller-Channel-Bridged-Time",),
    "hangup_time": ("Caller-Channel-Hangup-Time",),
    "hold_accum_time": ("Caller-Channel-Hold-Accum",),
}
_MOST_LINES = 5_000
_FIRST = (b"Event-Name", b"Core-UUID", b"Content-Length", b"Content-Type", b"Unique-ID")


def is_lines(body: bytes) -> bool:
    """Tell whether it is an event as the socket writes it when nobody asks for JSON."""
    return body.lstrip()[:200].partition(b":")[0] in _FIRST


def read_record(body: bytes) -> Loose:
    """Return a record. Raise ``InvalidRequestError`` for what is neither JSON, XML nor an event."""
    if body.lstrip()[:1] == b"<":
        return _from_xml(body)
    if is_lines(body):
        return _from_event(_lines(body))
    record = read_object(body, repeated="callflow")
    if record.object("cdr"):
        record = record.object("cdr")
    if EVENT in record:
        return _from_event(record)
    if not record.object("variables") and record.text("uuid", "call_uuid"):
        return Loose({"variables": record.values})
    return record


def _from_event(event: Loose) -> Loose:
    variables = {
        name.removeprefix(_VARIABLE): value
        for name, value in event.values.items()
        if name.startswith(_VARIABLE)
    }
    told: dict[str, object] = {
        "uuid": event.text("Unique-ID", "Caller-Unique-ID"),
        "direction": event.text("Call-Direction", "Caller-Direction"),
        "hangup_cause": event.text("Hangup-Cause"),
    }
    if event.text("Other-Type").lower() == "originator":
        told["originating_leg_uuid"] = event.text("Other-Leg-Unique-ID")
    flow = {"caller_profile": _renamed(event, _PROFILE), "times": _renamed(event, _TIMES)}
    return Loose(
        {
            EVENT: event.text(EVENT),
            "at": event.text("Event-Date-Timestamp"),
            "core-uuid": event.text("Core-UUID"),
            "variables": {name: value for name, value in told.items() if value} | variables,
            "callflow": flow,
        }
    )


def _renamed(event: Loose, names: Mapping[str, tuple[str, ...]]) -> dict[str, object]:
    return {name: event.text(*theirs) for name, theirs in names.items()}


def _lines(body: bytes) -> Loose:
    """Read an event's header lines; a command's reply may stand before them."""
    lines = body.decode("utf-8", errors="replace").splitlines()[:_MOST_LINES]
    pairs = (line.partition(":") for line in lines)
    found = {name.strip(): unquote(value.strip(), errors="replace") for name, _, value in pairs}
    return Loose({name: value for name, value in found.items() if name})


def _from_xml(body: bytes) -> Loose:
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError):
        raise InvalidRequestError("body", "is not the XML of a record") from None
    variables = root.find("variables")
    return Loose(
        {
            "core-uuid": root.get("core-uuid", ""),
            "variables": _texts(variables) if variables is not None else {},
            "callflow": [_flow(one) for one in root.findall("callflow")],
        }
    )


def _flow(flow: Element) -> dict[str, object]:
    profile, times = flow.find("caller_profile"), flow.find("times")
    told: dict[str, object] = {"times": _texts(times) if times is not None else {}}
    if profile is None:
        return told
    originators = profile.findall("originator/originator_caller_profile")
    return told | {
        "caller_profile": {
            **_texts(profile),
            "originator": {"originator_caller_profiles": [_texts(one) for one in originators]},
        }
    }


def _texts(parent: Element) -> dict[str, object]:
    return {child.tag: (child.text or "").strip() for child in parent if len(child) == 0}
