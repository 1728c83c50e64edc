"""The lane's sink: a flush group's effects become documents in a store."""

from __future__ import annotations

from collections.abc import Sequence

from services.indexer.domain.conversations import ConversationState, conversation_document
from services.indexer.domain.documents import Document
from services.indexer.handlers import ConversationChanged, RunEnded
from services.indexer.ports import DocumentStore


class IndexSink:
    """Satisfies :class:`services.kernel.lane.stage.Sink`."""

    def __init__(self, store: DocumentStore) -> None:
        self._store = store

    async def write(self, effects: Sequence[object]) -> None:
        """Write all documents; a run's end only once everything before it can be found."""
        documents: list[Document] = []
        changed: dict[str, ConversationState] = {}
        ended: list[Document] = []
        for effect in effects:
            match effect:
                case Document():
                    documents.append(effect)
                case ConversationChanged(state):
                    changed[state.conversation_id] = state
                case RunEnded(document):
                    ended.append(document)
                case _:
                    raise TypeError(f"{effect!r} is no effect of the indexer's lane")
        documents += [conversation_document(state) for state in changed.values()]
        if documents:
            await self._store.write(documents)
        if ended:
            await self._store.refresh(("events", "conversations"))
            await self._store.write(ended)
            await self._store.refresh(("runs",))
