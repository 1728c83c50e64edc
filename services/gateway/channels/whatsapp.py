"""WhatsApp Business Platform (Cloud API): messages, echoes, statuses and calls of phone numbers.

A thread is the business's number and the customer, or the group. Customers are known by their
phone number, and by an id towards the business where they show a username instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.gateway.channels.meta.pieces import Conversation, Entry, digest, each, instant_us
from services.gateway.channels.meta.webhook import MetaChannel, MetaSettings
from services.gateway.channels.meta.whatsapp_messages import Author, read_body, type_of
from services.gateway.channels.meta.whatsapp_receipts import read_call, read_status
from services.gateway.domain.fields import Fields
from services.gateway.domain.inbound import InvalidRequestError
from services.gateway.domain.incoming import IncomingEvent

_KIND = "whatsapp"
_LISTS = ("messages", "message_echoes", "smb_message_echoes", "statuses", "calls")
_NOTHING = Fields({}, "")
# Nobody but the customer can have read or received it.
_BY_CUSTOMER = frozenset({"read", "delivered", "played", "deleted"})


@dataclass(frozen=True, slots=True)
class WhatsAppSettings(MetaSettings):
    """``phone_number_id``: the number that writes where a thread does not name one."""

    phone_number_id: str = ""


class WhatsAppChannel(MetaChannel):
    """``POST /v1/whatsapp/{organisation}/{account}``."""

    kind = _KIND
    path = "/v1/whatsapp"
    settings = WhatsAppSettings

    def _read(self, entry: Entry) -> Sequence[IncomingEvent]:
        otherwise = Conversation(_KIND, occurred_at_us=entry.batched_at_us)
        return each(entry.fields, "changes", lambda change: _change(change, otherwise), otherwise)


def _change(change: Fields, otherwise: Conversation) -> Sequence[IncomingEvent]:
    value = change.object("value")
    if not any(name in value for name in _LISTS):
        return [otherwise.unrecognised(change.text("field", "change"), change.values())]
    metadata = value.object("metadata") if "metadata" in value else _NOTHING
    number = _Number(
        metadata.identifier("phone_number_id", ""),
        metadata.text("display_phone_number", ""),
        _people(value),
    )
    return [
        *each(value, "messages", number.message, otherwise),
        *each(value, "message_echoes", number.echo, otherwise),
        *each(value, "smb_message_echoes", number.echo, otherwise),
        *each(value, "statuses", number.status, otherwise),
        *each(value, "calls", number.call, otherwise),
    ]


@dataclass(frozen=True, slots=True)
class _Person:
    wa_id: str
    user_id: str
    name: str


def _people(value: Fields) -> Mapping[str, _Person]:
    """Return whom the webhook names, by each of their ids."""
    people: dict[str, _Person] = {}
    contacts = value.values().get("contacts")
    for index, contact in enumerate(contacts if isinstance(contacts, list) else ()):
        if not isinstance(contact, dict):
            continue
        try:
            person = _person(Fields(contact, value.place_of(f"contacts[{index}]")))
        except InvalidRequestError:
            # Whoever wrote is named in the message as well: it counts without the name.
            continue
        people.update({key: person for key in (person.wa_id, person.user_id) if key})
    return people


def _person(contact: Fields) -> _Person:
    profile = contact.object("profile") if "profile" in contact else _NOTHING
    return _Person(
        contact.identifier("wa_id", ""),
        contact.text("user_id", ""),
        profile.text("name", "") or profile.text("username", ""),
    )


class _Number:
    """One of the business's phone numbers, and whom the webhook names."""

    def __init__(self, number_id: str, display: str, people: Mapping[str, _Person]) -> None:
        self._id = number_id
        self._display = display
        self._people = people

    def message(self, message: Fields) -> Sequence[IncomingEvent]:
        person = self._find(message.identifier("from", ""), message.text("from_user_id", ""))
        author = Author(person.wa_id or person.user_id, person.name, person.user_id)
        return [self._event(message, author, author.author_id)]

    def echo(self, message: Fields) -> Sequence[IncomingEvent]:
        """Read what the business wrote by other means: its phone, another tool."""
        person = self._find(message.identifier("to", ""), message.text("to_user_id", ""))
        own_number = message.identifier("from", self._display) or self._id
        author = Author(own_number, is_business=True)
        return [self._event(message, author, person.wa_id or person.user_id)]

    def _event(self, message: Fields, author: Author, customer: str) -> IncomingEvent:
        message_id = message.text("id", "") or f"message:{digest(message.values())}"
        here = self._conversation(
            message.text("group_id", "") or customer, author.author_id, message
        )
        kind = type_of(message)
        try:
            body = read_body(message, message_id, author)
        except InvalidRequestError as error:
            return here.unrecognised(kind, message.values(), str(error), event_id=message_id)
        if body is None:
            return here.unrecognised(kind, message.values(), event_id=message_id)
        if not author.author_id:
            message.complain("from", "is missing")
        return here.event(message_id, body)

    def status(self, status: Fields) -> Sequence[IncomingEvent]:
        message_id, state = status.text("id"), status.text("status")
        in_group = status.text("recipient_type", "") == "group"
        recipient = status.identifier("recipient_id", "") or status.text("recipient_user_id", "")
        reader = recipient
        if in_group:
            reader = status.text("recipient_participant_id", "") or status.text(
                "recipient_participant_user_id", ""
            )
        author = reader if state in _BY_CUSTOMER else ""
        here = self._conversation(recipient, author, status)
        body = read_status(status, message_id)
        if body is None:
            return [here.unrecognised(f"status.{state}", status.values())]
        suffix = f":{reader}" if in_group else ""
        return [here.event(f"{message_id}:{state.lower()}{suffix}", body)]

    def call(self, call: Fields) -> Sequence[IncomingEvent]:
        call_id, event = call.text("id"), call.text("event")
        step = read_call(call, call_id)
        side = "to" if step is not None and step.outbound else "from"
        customer = call.identifier(side, "") or call.text(f"{side}_user_id", "")
        here = self._conversation(customer, customer, call)
        if step is None:
            return [here.unrecognised(f"calls.{event}", call.values())]
        return [here.event(f"{call_id}:{event}", step)]

    def _find(self, wa_id: str, user_id: str) -> _Person:
        known = self._people.get(wa_id) or self._people.get(user_id)
        if known is None and len(set(self._people.values())) == 1:
            # Some countries' numbers are written in two ways: the one contact is the author.
            [known] = set(self._people.values())
        if known is None:
            return _Person(wa_id, user_id, "")
        return _Person(wa_id or known.wa_id, user_id or known.user_id, known.name)

    def _conversation(self, partner: str, author: str, fields: Fields) -> Conversation:
        thread = ":".join(filter(None, (self._id, partner))) if partner else ""
        return Conversation(_KIND, thread, author, instant_us(fields, "timestamp"))
