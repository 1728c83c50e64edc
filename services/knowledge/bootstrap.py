"""The only place that constructs the knowledge service's adapters."""

from __future__ import annotations

import grpc
import uvloop

from careline.knowledge.v1 import knowledge_service_pb2_grpc as stubs
from services.kernel.elastic.connection import ElasticsearchAccess, connect
from services.kernel.grpc_server import GrpcServer
from services.kernel.telemetry.logging import configure_logging
from services.knowledge.adapters.elasticsearch_articles import (
    ElasticsearchArticleIndex,
    article_index_definition,
)
from services.knowledge.handlers import KnowledgeBase
from services.knowledge.service import KnowledgeProcess
from services.knowledge.servicer import NAME, KnowledgeServicer
from services.knowledge.settings import Settings


def run(settings: Settings) -> None:
    """Run until told to stop."""
    configure_logging("knowledge", settings.log_level)
    uvloop.run(_run(settings))


async def _run(settings: Settings) -> None:
    access = ElasticsearchAccess(
        settings.elasticsearch, settings.elasticsearch_api_key, settings.elasticsearch_ca_certs
    )
    client = connect(access)
    index = ElasticsearchArticleIndex(
        client, article_index_definition(shards=settings.index_shards)
    )

    async def look() -> None:
        await client.options(request_timeout=2.0).cluster.health()

    def register(server: grpc.aio.Server) -> None:
        servicer = KnowledgeServicer(KnowledgeBase(index))
        stubs.add_KnowledgeServiceServicer_to_server(servicer, server)

    process = KnowledgeProcess(
        GrpcServer(f"{settings.bind}:{settings.grpc_port}", [NAME], register),
        prepare=index.prepare,
        look=look,
        bind=settings.bind,
        metrics_port=settings.metrics_port,
    )
    try:
        await process.run()
    finally:
        await client.close()
