"""FreeSWITCH's mod_json_cdr: one record a leg, posted when it hung up.

Set ``encode`` and ``encode-values`` to false and give the URL Basic credentials (``cred``), whose
password is the account's secret. What the module's other settings do to the body (``cdr=``, URL or
base64 encoding, encoded values) is undone all the same. Answering anything but 200 makes it post
again and, in the end, write the record to its ``err-log-dir``, whose files are read likewise.
mod_xml_cdr's records and the event socket's events are taken, too (``freeswitch_records``).
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote

from services.gateway.channels import shared_secret
from services.gateway.channels.base import PlatformChannel, SecretSettings
from services.gateway.channels.calls import CallTeller, phone_number
from services.gateway.channels.freeswitch_records import EVENT, is_lines, read_record
from services.gateway.channels.loose import Loose, as_json, digest
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import (
    CallPhase,
    CallStep,
    IncomingEvent,
    UnrecognisedEvent,
)

# The module gives up on anything larger long before.
_MOST_FIELDS = 10
_SECONDS_US = 1_000_000
_COMPLETE = ("CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE", "CHANNEL_DESTROY")
_KNOWN_BY: Mapping[str, tuple[CallPhase, ...]] = {
    "CHANNEL_CREATE": ("offered",),
    "CHANNEL_ANSWER": ("in_menu", "answered"),
    "CHANNEL_BRIDGE": ("answered",),
}


class FreeswitchChannel(PlatformChannel):
    """``POST /v1/freeswitch/{organisation}/{account}``."""

    kind = "freeswitch"
    path = "/v1/freeswitch"
    settings = SecretSettings

    def verify(
        self, request: InboundRequest, settings: SecretSettings, now_us: int
    ) -> InboundRequest:
        _ = now_us  # nothing in the request is both timed and signed
        shared_secret.verify(request, settings.secrets, "x-secret")
        return request

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        record = read_record(_plain(request.body))
        variables = Variables(record.object("variables").values)
        if not variables.text("uuid", "call_uuid") and not record.object("variables"):
            raise InvalidRequestError("variables", "is missing; a record of mod_json_cdr has it")
        steps = _Leg(record, variables, self.kind).tell()
        event = record.text(EVENT)
        if not event or event in _COMPLETE:
            return steps
        # An event tells what has just happened; what is not yet known comes with a later one.
        known = _KNOWN_BY.get(event, ())
        told = [one for one in steps if isinstance(one.body, CallStep) and one.body.phase in known]
        raw = as_json(record.values)
        at_us = record.moment_us("at")
        unknown = UnrecognisedEvent(event[:64], raw)
        return told or [IncomingEvent(digest(raw), self.kind, "", unknown, at_us)]


class Variables:
    """Channel variables: texts, url-encoded unless ``encode-values`` is false."""

    def __init__(self, values: object) -> None:
        self._fields = Loose(values)

    def text(self, *names: str) -> str:
        found = self._fields.text(*names)
        return unquote(found, errors="replace") if "%" in found else found

    def micros(self, *names: str) -> int | None:
        """Return a time in microseconds; 0 stands for never."""
        for name in names:
            value = self._fields.number(name)
            if value and value > 0:
                return int(value)
        return None

    def seconds(self, *names: str) -> int | None:
        """Return a time in seconds as microseconds."""
        for name in names:
            value = self._fields.number(name)
            if value and 0 < value < 10**11:
                return round(value * _SECONDS_US)
        return None

    def lasted_us(self, name: str) -> int:
        return self._fields.seconds_us(name)


class _Leg:
    def __init__(self, record: Loose, variables: Variables, channel: str) -> None:
        self._variables = variables
        flows = record.objects("callflow")
        if not flows:
            # Older versions write each under the same name; a single one is then no list.
            flows = [one for one in (record.object("callflow"),) if one]
        self._flows = flows
        profile = flows[-1].object("caller_profile") if flows else Loose()
        caller = Variables(profile.values)
        leg = variables.text("uuid") or caller.text("uuid") or record.text("core-uuid")
        outbound = variables.text("call_direction", "direction") == "outbound"
        first = profile.object("originator").objects("originator_caller_profiles")
        further = variables.text("originating_leg_uuid", "cc_member_session_uuid", "originator")
        further = further or (first[0].text("uuid") if first else "")
        # A leg that the switch dialled for a caller belongs to that caller's call.
        self._further = bool(further) and further != leg
        self._teller = CallTeller(
            channel=channel,
            call_id=further if self._further else leg,
            leg_id=leg,
            outbound=outbound and not self._further,
            caller=phone_number(self._caller(caller)),
            callee=phone_number(self._callee(caller, outbound=outbound)),
        )

    def _caller(self, profile: Variables) -> str:
        # Once an originated call is answered, the switch swaps whom its profile calls the caller.
        own = self._variables.text("origination_caller_id_number")
        named = profile.text("caller_id_number", "ani")
        return own or self._variables.text("caller_id_number") or named or self._from()

    def _callee(self, profile: Variables, *, outbound: bool) -> str:
        variables = self._variables
        dialled = profile.text("destination_number")
        if outbound and not self._further:
            return variables.text("sip_to_user") or dialled
        return dialled or variables.text("destination_number", "dialed_user", "sip_to_user")

    def _from(self) -> str:
        return self._variables.text("sip_from_user", "sip_from_uri")

    def tell(self) -> list[IncomingEvent]:
        teller, variables = self._teller, self._variables
        began_us = variables.micros("start_uepoch") or self._time("created_time")
        began_us = began_us or variables.seconds("start_epoch")
        picked_up_us = variables.micros("answer_uepoch") or self._time("answered_time")
        picked_up_us = picked_up_us or variables.seconds("answer_epoch")
        ended_us = variables.micros("end_uepoch") or self._time("hangup_time", last=True)
        ended_us = ended_us or variables.seconds("end_epoch")
        queued_us = variables.seconds("cc_queue_joined_epoch")
        teller.tell("offered", began_us)
        # Only the leg on which somebody called in hears menus; a dialled one is answered.
        dialled = teller.outbound or self._further
        answered_us = picked_up_us if dialled else self._answered_us(queued_us)
        if picked_up_us and not dialled and picked_up_us != answered_us:
            teller.tell("in_menu", picked_up_us)
        queue = variables.text("cc_queue", "fifo_name")
        if queued_us:
            menu_us = queued_us - picked_up_us if picked_up_us else 0
            teller.tell("queued", queued_us, duration_us=menu_us, queue=queue)
        if answered_us:
            waited_from_us = queued_us or began_us or answered_us
            wait_us = answered_us - waited_from_us
            teller.tell(
                "answered", answered_us, duration_us=wait_us, queue=queue, agent=self._agent()
            )
        self._tell_holds(answered_us)
        self._tell_transfers()
        self._tell_end(began_us, queued_us, picked_up_us, answered_us, ended_us)
        return teller.in_order()

    def _tell_holds(self, answered_us: int | None) -> None:
        held_us = self._variables.lasted_us("hold_accum_seconds")
        millis = self._variables.micros("hold_accum_ms")
        held_us = self._variables.micros("hold_accum_usec") or (millis or 0) * 1_000 or held_us
        held_us = held_us or self._time("hold_accum_time") or 0
        if held_us and answered_us:
            at_us = self._time("last_hold_time", last=True) or answered_us
            self._teller.tell("held", at_us, duration_us=held_us, agent=self._agent())

    def _tell_transfers(self) -> None:
        """Tell when a leg went on under a new profile: the flow before it says so."""
        for number, flow in enumerate(reversed(self._flows[1:]), start=1):
            times = Variables(flow.object("times").values)
            at_us = times.micros("transfer_time")
            if at_us:
                goal = Variables(self._flows[0].object("caller_profile").values)
                to = phone_number(goal.text("destination_number"))
                self._teller.tell("transferred", at_us, agent=to, suffix=str(number))

    def _tell_end(
        self,
        began_us: int | None,
        queued_us: int | None,
        picked_up_us: int | None,
        answered_us: int | None,
        ended_us: int | None,
    ) -> None:
        variables, teller = self._variables, self._teller
        reason = variables.text("hangup_cause")
        queue = variables.text("cc_queue", "fifo_name")
        left_us = variables.seconds("cc_queue_canceled_epoch")
        waiting = bool(queued_us) or picked_up_us is None
        if waiting and not answered_us and not (teller.outbound or self._further):
            at_us = left_us or ended_us
            since_us = queued_us or began_us
            lost_us = at_us - since_us if at_us and since_us else 0
            why = variables.text("cc_cancel_reason") or reason
            teller.tell("abandoned", at_us, duration_us=lost_us, queue=queue, reason=why)
            return
        talked_us = ended_us - answered_us if ended_us and answered_us else 0
        teller.tell(
            "ended",
            ended_us,
            duration_us=talked_us,
            queue=queue,
            agent=self._agent() if answered_us else "",
            recording_url=variables.text("cc_record_filename", "record_file", "recording_file"),
            reason=reason,
        )

    def _answered_us(self, queued_us: int | None) -> int | None:
        """Return when a person came to the line, not when the switch did."""
        by_queue = self._variables.seconds("cc_queue_answered_epoch")
        if by_queue or queued_us:
            return by_queue
        return self._variables.micros("bridge_uepoch") or self._time("bridged_time")

    def _agent(self) -> str:
        variables = self._variables
        named = variables.text("cc_agent", "last_sent_callee_id_number")
        return named or (self._teller.callee if self._further else "")

    def _time(self, name: str, *, last: bool = False) -> int | None:
        """Return a time of the flow; flows are listed the newest first."""
        flows = self._flows if last else reversed(self._flows)
        found = (Variables(flow.object("times").values).micros(name) for flow in flows)
        return next(filter(None, found), None)


def _plain(body: bytes) -> bytes:
    """Undo what ``encode`` did: a form with ``cdr=``, its value URL-encoded or base64."""
    if body.lstrip()[:1] in (b"{", b"<") or is_lines(body):
        return body
    text = body.decode("utf-8", errors="replace")
    try:
        fields = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise InvalidRequestError("body", "is no form with a field cdr") from None
    packed = fields.get("cdr", "").strip()
    if not packed:
        raise InvalidRequestError("body", "is neither JSON nor a form with a field cdr")
    if packed.startswith(("{", "<")):
        return packed.encode()
    if packed.startswith(("%7B", "%3C")):
        return unquote(packed).encode()
    try:
        # In a form a space stands for what base64 writes as "+".
        return b64decode(packed.replace(" ", "+"), validate=True)
    except ValueError:
        raise InvalidRequestError("cdr", "is neither JSON nor base64") from None
