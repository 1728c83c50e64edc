"""What conversation's readers need from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.conversation.domain.conversation import Conversation


class ConversationReader(Protocol):
    """Reads the conversations of the partitions that this worker owns."""

    def get(self, conversation_id: str) -> Conversation | None: ...

    def of_thread(self, organisation_id: str, thread_key: str) -> Sequence[Conversation]:
        """Return the thread's conversations, oldest first; empty when none is known here."""
        ...

    def partition_of(self, thread_key: str) -> int: ...

    def owned_partitions(self) -> Sequence[int]: ...
