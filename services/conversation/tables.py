"""The tables of the lane's state."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from operator import attrgetter
from typing import Final, get_type_hints

from msgspec import defstruct
from msgspec.msgpack import Decoder, Encoder

from services.conversation.domain.conversation import Conversation
from services.kernel.lane.state import TableSpec, table_of

# A later change of a party's customer reaches this many of its newest conversations.
MAX_PARTY_CONVERSATIONS: Final = 64


@dataclass(slots=True)
class Party:
    """The conversations whose first customer message a party wrote, oldest first."""

    conversation_ids: tuple[str, ...] = ()
    # Of the last decision about the party.
    version: int = 0


# As arrays, a third of the bytes of a map with names: a conversation is written at nearly every
# event of it. Fields are only ever added at the end, with a default, which older records take.
_NAMES = tuple(field.name for field in fields(Conversation))
_HINTS = get_type_hints(Conversation)
_Row = defstruct(
    "_Row",
    [
        (field.name, _HINTS[field.name])
        if field.default is MISSING
        else (field.name, _HINTS[field.name], field.default)
        for field in fields(Conversation)
    ],
    array_like=True,
)
_values_of = attrgetter(*_NAMES)
_encode_values = Encoder(order="deterministic").encode
_decode_row = Decoder(_Row).decode


def _encode(conversation: Conversation) -> bytes:
    return _encode_values(_values_of(conversation))


def _decode(data: bytes) -> Conversation:
    return Conversation(*_values_of(_decode_row(data)))


# By conversation id.
CONVERSATIONS = TableSpec("conversation", _encode, _decode)
# The newest conversation's id, by thread key.
THREADS = table_of("thread", str)
# By organisation and party key.
PARTIES = table_of("party", Party)


def party_table_key(organisation_id: str, party_key: str) -> str:
    return f"{organisation_id}/{party_key}"
