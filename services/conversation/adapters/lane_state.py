"""Reads conversations from the lane's own state."""

from __future__ import annotations

from collections.abc import Sequence

from services.conversation.domain.conversation import Conversation, conversation_id_of
from services.conversation.tables import CONVERSATIONS, THREADS
from services.kernel.lane.core import LaneCore
from services.kernel.partitioning import partition_of


class LaneConversations:
    """Satisfies :class:`services.conversation.ports.ConversationReader`.

    It shows what is applied; the last flush group may not be durable yet.
    """

    def __init__(self, core: LaneCore) -> None:
        self._core = core

    def get(self, conversation_id: str) -> Conversation | None:
        return self._core.find(CONVERSATIONS, conversation_id)

    def of_thread(self, organisation_id: str, thread_key: str) -> Sequence[Conversation]:
        newest_id = self._core.find(THREADS, thread_key)
        newest = None if newest_id is None else self.get(newest_id)
        if newest is None or newest.organisation_id != organisation_id:
            return ()
        ids = (
            conversation_id_of(organisation_id, thread_key, number)
            for number in range(1, newest.ordinal + 1)
        )
        found = (self.get(conversation_id) for conversation_id in ids)
        return [conversation for conversation in found if conversation is not None]

    def partition_of(self, thread_key: str) -> int:
        return partition_of(thread_key, self._core.partitions_total)

    def owned_partitions(self) -> Sequence[int]:
        return self._core.partitions
