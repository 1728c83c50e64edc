from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch

from services.indexer.adapters.elasticsearch_catalogue import (
    ElasticsearchCatalogue,
    UnfinishedRebuildError,
)
from services.indexer.adapters.index_definitions import index_definitions
from services.indexer.domain.conversations import ConversationState, conversation_document
from services.indexer.domain.documents import (
    COLLECTIONS,
    Collection,
    Document,
    Position,
    hash_of_stored,
    make_document,
    position_of_stored,
)
from services.indexer.domain.events import event_document, run_document
from services.indexer.domain.occurrence import ClockEvent, ConversationPart, Fact, Occurrence
from services.indexer.ports import DocumentCatalogue, DocumentRefusedError
from services.kernel.elastic.indices import MappingConflictError, index_behind, shards_behind

# The first test waits for a node to start.
pytestmark = pytest.mark.timeout(300)

START_US = 1_700_000_000_123_456


def event(number: int, text: str = "where is my refund", partition: int = 0) -> Document:
    occurrence = Occurrence(
        event_id=f"e{number}",
        organisation_id="acme",
        channel="x",
        timeline="live",
        kind="message",
        occurred_at_us=START_US + number,
        text=text,
        sentiment_score=-1 / 3,
        conversation=ConversationPart(
            "cv_1", 1, "cu_1", "open", facts=(Fact("first_response", -1, START_US, 1_500_000),)
        ),
        clock_events=(
            ClockEvent("resolution", 1, "breached", 1, START_US, START_US, 7, 9, "p", "2"),
        ),
    )
    return event_document(occurrence, Position(partition, number, 0))


def conversation(offset: int, status: str) -> Document:
    place = Position(0, offset, 2)
    return conversation_document(
        ConversationState(
            conversation_id="cv_1",
            organisation_id="acme",
            channel="x",
            thread_key="acme/x/1",
            timeline="live",
            first=Position(0, 0, 0),
            last=place,
            last_event_at_us=START_US,
            status=status,
        )
    )


def run(accepted: int) -> Document:
    return run_document(
        "r1", "replay-1", accepted=accepted, duplicates=0, position=Position(1, 9, 0)
    )


async def found(
    catalogue: DocumentCatalogue, collection: Collection, **scan: Any
) -> dict[str, dict[str, Any]]:
    documents: dict[str, dict[str, Any]] = {}
    async for page in catalogue.scan(collection, **scan):
        documents.update((stored.document_id, dict(stored.content)) for stored in page)
    return documents


async def test_an_event_is_created_once_and_never_changed(catalogue: DocumentCatalogue) -> None:
    assert await catalogue.write([event(1), event(2)]) == (2, 0)
    assert await catalogue.write([event(1, "another text"), event(3)]) == (1, 1)
    await catalogue.refresh(COLLECTIONS)
    texts = [content["text"] for content in (await found(catalogue, "events")).values()]
    assert texts == ["where is my refund"] * 3


async def test_of_one_event_twice_in_a_write_the_first_stands(
    catalogue: DocumentCatalogue,
) -> None:
    assert await catalogue.write([event(1, "first"), event(1, "second")]) == (1, 1)
    await catalogue.refresh(COLLECTIONS)
    assert [row["text"] for row in (await found(catalogue, "events")).values()] == ["first"]


async def test_a_conversation_never_goes_back(catalogue: DocumentCatalogue) -> None:
    assert await catalogue.write([conversation(5, "open")]) == (1, 0)
    assert await catalogue.write([conversation(3, "new")]) == (0, 1)
    assert await catalogue.write([conversation(5, "open")]) == (0, 1)
    assert await catalogue.write([conversation(6, "solved")]) == (1, 0)
    await catalogue.refresh(COLLECTIONS)
    assert (await found(catalogue, "conversations"))["cv_1"]["status"] == "solved"


async def test_a_run_may_be_told_again(catalogue: DocumentCatalogue) -> None:
    await catalogue.write([run(7)])
    assert await catalogue.write([run(7)]) == (1, 0)
    await catalogue.refresh(COLLECTIONS)
    assert (await found(catalogue, "runs"))["r1-1"]["accepted"] == 7


async def test_what_is_read_back_is_what_was_written(catalogue: DocumentCatalogue) -> None:
    text = "退款 🙃 \u0000 \\ \" ' \u2028 ｆｕｌｌ"
    documents = [event(1, text), conversation(1, "open"), run(2**40)]
    await catalogue.write(documents)
    await catalogue.refresh(COLLECTIONS)
    for document in documents:
        stored = (await found(catalogue, document.collection))[document.document_id]
        assert hash_of_stored(stored) == stored["content_hash"] == document.content_hash
        assert position_of_stored(stored) == document.position


async def test_a_scan_finds_every_document(catalogue: DocumentCatalogue) -> None:
    await catalogue.write([event(number) for number in range(4_001)])
    await catalogue.refresh(COLLECTIONS)
    assert len(await found(catalogue, "events")) == 4_001


async def test_a_scan_can_be_limited_to_places_in_the_log(catalogue: DocumentCatalogue) -> None:
    await catalogue.write([event(10 * p + n, partition=p) for p in range(3) for n in range(4)])
    await catalogue.refresh(COLLECTIONS)
    documents = await found(catalogue, "events", before={0: 2, 1: 0, 2: 22})
    assert sorted(content["event_id"] for content in documents.values()) == [
        "e0",
        "e1",
        "e20",
        "e21",
    ]


async def test_nobody_sees_a_new_generation_before_it_is_published(
    catalogue: DocumentCatalogue,
) -> None:
    await catalogue.write([event(1)])
    generation = await catalogue.new_generation()
    await generation.write([event(2), event(3)])
    await generation.refresh(COLLECTIONS)
    await catalogue.refresh(COLLECTIONS)
    assert [row["event_id"] for row in (await found(catalogue, "events")).values()] == ["e1"]
    await generation.publish()
    assert len(await found(catalogue, "events")) == 2
    await generation.discard_previous()
    assert await catalogue.write([event(3), event(4)]) == (1, 1)
    await catalogue.refresh(COLLECTIONS)
    names = [content["event_id"] for content in (await found(catalogue, "events")).values()]
    assert sorted(names) == ["e2", "e3", "e4"]


# What only the real one can show.


async def test_several_workers_may_prepare_at_once(client: AsyncElasticsearch) -> None:
    catalogues = [ElasticsearchCatalogue(client, index_definitions()) for _ in range(4)]
    await asyncio.gather(*(catalogue.prepare() for catalogue in catalogues))
    indices = await client.indices.get(index="careline-*")
    assert sorted(indices.body) == [
        "careline-conversations-000001",
        "careline-events-000001",
        "careline-runs-000001",
    ]


async def test_preparing_again_keeps_what_is_there_and_adds_new_fields(
    client: AsyncElasticsearch, elasticsearch_catalogue: ElasticsearchCatalogue
) -> None:
    await elasticsearch_catalogue.write([event(1)])
    definitions = index_definitions()
    known = definitions["events"].mappings
    wider = {**known, "properties": {**known["properties"], "mood": {"type": "keyword"}}}
    definitions["events"] = dataclasses.replace(definitions["events"], mappings=wider)
    catalogue = ElasticsearchCatalogue(client, definitions)
    await catalogue.prepare()
    assert await catalogue.write(
        [event(1), make_document("events", "m", {"mood": "calm"}, Position(0, 0, 0))]
    ) == (1, 1)


async def test_a_mapping_that_cannot_grow_says_what_to_do(
    client: AsyncElasticsearch, elasticsearch_catalogue: ElasticsearchCatalogue
) -> None:
    definitions = index_definitions()
    known = definitions["events"].mappings
    other = {**known, "properties": {**known["properties"], "kind": {"type": "long"}}}
    definitions["events"] = dataclasses.replace(definitions["events"], mappings=other)
    catalogue = ElasticsearchCatalogue(client, definitions)
    with pytest.raises(MappingConflictError, match="careline index rebuild"):
        await catalogue.prepare()
    await (await catalogue.new_generation()).publish()
    await catalogue.prepare()


async def test_a_generation_can_be_made_where_nothing_is_yet(client: AsyncElasticsearch) -> None:
    catalogue = ElasticsearchCatalogue(client, index_definitions(shards=2))
    assert await shards_behind(client, "careline-events") is None
    await (await catalogue.new_generation()).publish()
    assert await index_behind(client, "careline-events") == "careline-events-000002"
    assert await shards_behind(client, "careline-events") == 2


async def test_a_document_that_the_mapping_does_not_know_is_a_bug(
    elasticsearch_catalogue: ElasticsearchCatalogue,
) -> None:
    odd = make_document("events", "odd", {"nobody_told": 1}, Position(0, 0, 0))
    with pytest.raises(DocumentRefusedError, match=r"'odd' of events .*strict_dynamic_mapping"):
        await elasticsearch_catalogue.write([odd])


async def test_very_long_names_do_not_stop_the_lane(
    elasticsearch_catalogue: ElasticsearchCatalogue,
) -> None:
    long = Occurrence(
        event_id="長" * 20_000,
        organisation_id="acme",
        channel="x" * 40_000,
        timeline="live",
        kind="message",
        occurred_at_us=START_US,
        text="長" * 50_000,
    )
    assert await elasticsearch_catalogue.write([event_document(long, Position(0, 0, 0))]) == (1, 0)


async def test_words_of_han_text_are_found_as_phrases(
    client: AsyncElasticsearch, elasticsearch_catalogue: ElasticsearchCatalogue
) -> None:
    await elasticsearch_catalogue.write(
        [event(1, "我要退款"), event(2, "要我款退"), event(3, "REFUND")]
    )
    await elasticsearch_catalogue.refresh(COLLECTIONS)
    for text, wanted in (("退款", "e1"), ("refund", "e3")):
        answer = await client.search(
            index="careline-events", query={"match_phrase": {"text": text}}
        )
        assert [hit["_source"]["event_id"] for hit in answer["hits"]["hits"]] == [wanted]


async def test_kind_and_sign_of_one_fact_are_asked_for_together(
    client: AsyncElasticsearch, elasticsearch_catalogue: ElasticsearchCatalogue
) -> None:
    await elasticsearch_catalogue.write([event(1)])
    await elasticsearch_catalogue.refresh(COLLECTIONS)

    async def count(kind: str, sign: int) -> int:
        both = [{"term": {"facts.kind": kind}}, {"term": {"facts.sign": sign}}]
        nested = {"nested": {"path": "facts", "query": {"bool": {"filter": both}}}}
        return int((await client.count(index="careline-events", query=nested))["count"])

    assert await count("first_response", -1) == 1
    assert await count("first_response", 1) == 0


async def test_a_broken_off_rebuild_is_named_and_can_be_discarded(
    client: AsyncElasticsearch, elasticsearch_catalogue: ElasticsearchCatalogue
) -> None:
    await elasticsearch_catalogue.new_generation()
    with pytest.raises(UnfinishedRebuildError, match="--discard-unfinished"):
        await elasticsearch_catalogue.new_generation()
    assert await elasticsearch_catalogue.discard_unfinished() == [
        "careline-events-000002",
        "careline-conversations-000002",
        "careline-runs-000002",
    ]
    await elasticsearch_catalogue.new_generation()
    assert await client.indices.exists(index="careline-events-000001")


async def test_a_missing_alias_is_waited_for_and_never_made_an_index(
    client: AsyncElasticsearch, elasticsearch_catalogue: ElasticsearchCatalogue
) -> None:
    await client.indices.delete(index="careline-events-000001")
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            await elasticsearch_catalogue.prepare()

    patient = ElasticsearchCatalogue(client, index_definitions(), sleep=sleep)
    assert await patient.write([event(1)]) == (1, 0)
    assert waits == [0.1, 0.2]
