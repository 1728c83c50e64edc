"""``compare`` proves that the index holds exactly what the log says, up to fixed offsets."""

from __future__ import annotations

from services.indexer.domain.comparison import (
    BEFORE_LOG,
    COMPARABLE,
    NEWER,
    Comparison,
    Ledger,
    OffsetRange,
    compare_ledgers,
)
from services.indexer.domain.conversations import conversation_document
from services.indexer.domain.documents import (
    COLLECTIONS,
    CONTENT_HASH,
    Collection,
    Document,
    Position,
    hash_of_stored,
    position_of_stored,
)
from services.indexer.handlers import RunEnded
from services.indexer.ports import DocumentCatalogue, EventLog, LaneState, StoredDocument
from services.indexer.replaying import Progress, Replay, Report

# No document has it: stands for one whose stored hash is not that of its content.
_WRONG_HASH = "0" * 32

# Conversations first: of all documents only they are replaced while events go on to come.
_SCAN_ORDER: tuple[Collection, ...] = ("conversations", "runs", "events")


async def compare(
    log: EventLog, lane_state: LaneState, documents: DocumentCatalogue, report: Report
) -> Comparison:
    """Compare ids and contents. The lane may go on meanwhile.

    The fixed offsets are the lane's own: everything before them was written before they were.
    """
    snapshot = await lane_state.snapshot()
    bounds = await log.bounds()
    offsets = {
        partition: OffsetRange(bound.begin, max(bound.begin, snapshot.applied[partition] + 1))
        for partition, bound in bounds.items()
    }
    await documents.refresh(COLLECTIONS)
    found = {
        collection: await _index_ledger(documents, collection, offsets, report)
        for collection in _SCAN_ORDER
    }
    replay = Replay(log, {partition: bound.begin for partition, bound in offsets.items()})
    expected: dict[Collection, Ledger] = {collection: Ledger() for collection in COLLECTIONS}
    ends = {partition: bound.end for partition, bound in offsets.items()}
    async for effects in replay.advance(ends, "reading the log", report):
        for effect in effects:
            match effect:
                case Document():
                    _add(expected, effect)
                case RunEnded(document):
                    _add(expected, document)
    replay.adopt(snapshot)
    for state in replay.conversations():
        _add(expected, conversation_document(state))
    return Comparison(
        offsets,
        {
            collection: compare_ledgers(
                expected[collection],
                found[collection],
                replaceable=collection == "conversations",
            )
            for collection in COLLECTIONS
        },
    )


def _add(expected: dict[Collection, Ledger], document: Document) -> None:
    expected[document.collection].add(
        document.document_id, document.content_hash, document.position.partition
    )


async def _index_ledger(
    documents: DocumentCatalogue,
    collection: Collection,
    offsets: dict[int, OffsetRange],
    report: Report,
) -> Ledger:
    ledger = Ledger()
    done = 0
    async for page in documents.scan(collection):
        for stored in page:
            position = position_of_stored(stored.content)
            ledger.add(stored.document_id, _hash(stored), _note(position, offsets))
        done += len(page)
        report(Progress(f"reading the index: {collection}", done))
    return ledger


def _hash(stored: StoredDocument) -> str:
    """Hash what is there: a content may have been changed and its stored hash left as it was."""
    content_hash = hash_of_stored(stored.content)
    return content_hash if stored.content.get(CONTENT_HASH) == content_hash else _WRONG_HASH


def _note(position: Position | None, offsets: dict[int, OffsetRange]) -> int:
    if position is None or position.partition not in offsets:
        return COMPARABLE
    compared = offsets[position.partition]
    if position.offset >= compared.end:
        return NEWER
    return BEFORE_LOG if position.offset < compared.begin else COMPARABLE
