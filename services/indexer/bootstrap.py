"""The only place that constructs the indexer's adapters."""

from __future__ import annotations

from services.indexer.adapters.elasticsearch_catalogue import ElasticsearchCatalogue
from services.indexer.adapters.index_definitions import index_definitions
from services.indexer.adapters.kafka_log import KafkaEventLog, KafkaLaneState
from services.indexer.adapters.preparation import Preparation
from services.indexer.comparing import compare
from services.indexer.domain.comparison import Comparison
from services.indexer.rebuilding import Rebuilt, rebuild
from services.indexer.replaying import Progress, Report
from services.indexer.settings import Settings
from services.indexer.sink import IndexSink
from services.indexer.streams import SPEC, build_lane
from services.kernel.elastic.connection import ElasticsearchAccess, connect
from services.kernel.elastic.indices import shards_behind
from services.kernel.lane_service import Companion, LaneService


def bootstrap(settings: Settings) -> LaneService:
    access = ElasticsearchAccess(
        settings.elasticsearch, settings.elasticsearch_api_key, settings.elasticsearch_ca_certs
    )
    client = connect(access)
    definitions = index_definitions(shards=settings.index_shards)
    preparation = Preparation(ElasticsearchCatalogue(client, definitions))

    async def stop() -> None:
        await preparation.stop()
        await client.close()

    return LaneService(
        build_lane(accept_decision_version=settings.accept_decision_version),
        settings,
        sink=IndexSink(preparation),
        companions=[Companion(preparation.start, stop, preparation.report)],
    )


def _silent(_: Progress) -> None:
    return None


async def compare_index(
    kafka: str, access: ElasticsearchAccess, report: Report = _silent
) -> Comparison:
    """Compare Elasticsearch with the log; see :func:`services.indexer.comparing.compare`."""
    client = connect(access)
    try:
        return await compare(
            KafkaEventLog(kafka, SPEC),
            KafkaLaneState(kafka, SPEC),
            ElasticsearchCatalogue(client, index_definitions()),
            report,
        )
    finally:
        await client.close()


async def rebuild_index(
    kafka: str,
    access: ElasticsearchAccess,
    report: Report = _silent,
    *,
    shards: int | None = None,
    discard_unfinished: bool = False,
) -> Rebuilt:
    """Build the indices anew; see :func:`services.indexer.rebuilding.rebuild`.

    ``discard_unfinished`` first removes what a broken-off rebuild has left. ``shards`` changes the
    number of an index's shards; without it the number stays.
    """
    client = connect(access)
    try:
        if shards is None:
            shards = await shards_behind(client, index_definitions()["events"].alias) or 1
        catalogue = ElasticsearchCatalogue(client, index_definitions(shards=shards))
        if discard_unfinished:
            await catalogue.discard_unfinished()
        return await rebuild(
            KafkaEventLog(kafka, SPEC), KafkaLaneState(kafka, SPEC), catalogue, report
        )
    finally:
        await client.close()
