"""``rebuild``: fill new indices from the log, then let the aliases stand for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.indexer.domain.conversations import conversation_document
from services.indexer.domain.documents import (
    CONTENT_HASH,
    POSITION,
    Collection,
    Document,
    make_document,
    position_of_stored,
)
from services.indexer.handlers import RunEnded
from services.indexer.ports import (
    DocumentCatalogue,
    DocumentGeneration,
    EventLog,
    LaneState,
    StoredDocument,
)
from services.indexer.replaying import Progress, Replay, Report
from services.indexer.sink import IndexSink

# What live traffic may still bring between the last look and the swap.
_CLOSE_ENOUGH_RECORDS = 20
_CATCH_UP_ROUNDS = 10
_BATCH = 500


@dataclass(slots=True)
class Rebuilt:
    """What a rebuild wrote. ``carried`` documents are older than the log and were copied."""

    offsets: Mapping[int, int]
    events: int = 0
    conversations: int = 0
    runs: int = 0
    carried: int = 0

    def as_dict(self) -> dict[str, Any]:
        return {
            "offsets": {str(partition): end for partition, end in sorted(self.offsets.items())},
            "events": self.events,
            "conversations": self.conversations,
            "runs": self.runs,
            "carried": self.carried,
        }


async def rebuild(
    log: EventLog, lane_state: LaneState, documents: DocumentCatalogue, report: Report
) -> Rebuilt:
    """Build all documents anew while the lane goes on writing to the indices in use.

    What the lane wrote there between the fixed offsets and the swap stands in the log before the
    log's end at the swap: it is written to the new indices from there. Where that overlaps with
    what the lane writes after the swap, the ids are the same and nothing changes.
    """
    snapshot = await lane_state.snapshot()
    begins = {partition: bound.begin for partition, bound in (await log.bounds()).items()}
    ends = {p: max(begin, snapshot.applied[p] + 1) for p, begin in begins.items()}
    result = Rebuilt(ends)
    generation = await documents.new_generation()
    result.carried = await _carry(documents, generation, begins, report)
    replay = Replay(log, begins)
    await _write_history(replay, ends, generation, result, report)
    replay.adopt(snapshot)
    await _write_conversations(replay, generation, result, report)
    sink = IndexSink(generation)
    for _ in range(_CATCH_UP_ROUNDS):
        ends = await _ends(log)
        if replay.remaining(ends) <= _CLOSE_ENOUGH_RECORDS:
            break
        await _follow(replay, ends, sink, "catching up", report)
    report(Progress("swapping the aliases", 0))
    await generation.publish()
    await _follow(replay, await _ends(log), sink, "following the log's end", report)
    await generation.discard_previous()
    return result


async def _ends(log: EventLog) -> dict[int, int]:
    return {partition: bound.end for partition, bound in (await log.bounds()).items()}


async def _write_history(
    replay: Replay,
    ends: Mapping[int, int],
    generation: DocumentGeneration,
    result: Rebuilt,
    report: Report,
) -> None:
    """Write events, then runs. Conversations come later, once each, as they are at the end."""
    runs: list[Document] = []
    async for effects in replay.advance(ends, "reading the log", report):
        events = [effect for effect in effects if isinstance(effect, Document)]
        runs += [effect.document for effect in effects if isinstance(effect, RunEnded)]
        await generation.write(events)
        result.events += len(events)
    await generation.write(runs)
    result.runs += len(runs)


async def _write_conversations(
    replay: Replay, generation: DocumentGeneration, result: Rebuilt, report: Report
) -> None:
    batch: list[Document] = []
    for state in replay.conversations():
        batch.append(conversation_document(state))
        if len(batch) == _BATCH:
            await generation.write(batch)
            result.conversations += len(batch)
            report(Progress("writing conversations", result.conversations))
            batch = []
    await generation.write(batch)
    result.conversations += len(batch)


async def _follow(
    replay: Replay, ends: Mapping[int, int], sink: IndexSink, phase: str, report: Report
) -> None:
    async for effects in replay.advance(ends, phase, report):
        await sink.write(effects)


async def _carry(
    documents: DocumentCatalogue,
    generation: DocumentGeneration,
    begins: Mapping[int, int],
    report: Report,
) -> int:
    """Copy what the log no longer holds. Conversations come from the lane's state instead."""
    if not any(begins.values()):
        return 0
    carried = 0
    collections: Sequence[Collection] = ("events", "runs")
    for collection in collections:
        async for page in documents.scan(collection, before=begins):
            await generation.write([_copied(collection, stored) for stored in page])
            carried += len(page)
            report(Progress("copying what is older than the log", carried))
    return carried


def _copied(collection: Collection, stored: StoredDocument) -> Document:
    position = position_of_stored(stored.content)
    if position is None:
        raise ValueError(f"document {stored.document_id!r} of {collection} has no position")
    content = {
        key: value for key, value in stored.content.items() if key not in (CONTENT_HASH, POSITION)
    }
    return make_document(collection, stored.document_id, content, position)
