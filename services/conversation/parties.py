"""Which conversations a party began, and whose customer it is."""

from __future__ import annotations

from careline.event.v1.event_pb2 import Event
from services.conversation.domain.conversation import Conversation
from services.conversation.tables import (
    CONVERSATIONS,
    MAX_PARTY_CONVERSATIONS,
    PARTIES,
    Party,
    party_table_key,
)
from services.kernel.lane.stage import Turn


def remember_party(conversation: Conversation, turn: Turn) -> None:
    if not conversation.party_key:
        return
    parties = turn.table(PARTIES)
    key = party_table_key(conversation.organisation_id, conversation.party_key)
    party = parties.get(key) or Party()
    if conversation.conversation_id not in party.conversation_ids:
        ids = (*party.conversation_ids, conversation.conversation_id)
        party.conversation_ids = ids[-MAX_PARTY_CONVERSATIONS:]
        parties.put(key, party)


def assign_party(event: Event, turn: Turn) -> None:
    """Let a party's conversations follow the resolver's decision about who it is."""
    decision = event.party_assigned
    parties = turn.table(PARTIES)
    key = party_table_key(event.organisation_id, decision.party_key)
    party = parties.get(key)
    if party is None or decision.version <= party.version:
        return
    party.version = decision.version
    parties.put(key, party)
    conversations = turn.table(CONVERSATIONS)
    for conversation_id in party.conversation_ids:
        conversation = conversations.get(conversation_id)
        if conversation is not None and conversation.party_key == decision.party_key:
            conversation.customer_id = decision.customer_id
            conversations.put(conversation_id, conversation)
