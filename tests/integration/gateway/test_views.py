from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import grpc
import pytest
from elasticsearch import Elasticsearch

from careline.kpi.v1 import kpi_service_pb2 as messages
from careline.kpi.v1 import kpi_service_pb2_grpc as stubs
from deploy.local.stack import LocalStack
from services.gateway.importing.views import IndexedRuns, KpiRuns
from services.gateway.importing.visibility import RunSeen
from services.kernel.elastic.connection import ElasticsearchAccess

# Not the name of any index that the indexer makes.
INDEX = "careline-runs-of-a-test"


class Runs(stubs.KpiServiceServicer):
    def GetRun(  # noqa: N802
        self, request: messages.GetRunRequest, context: grpc.ServicerContext
    ) -> messages.GetRunResponse:
        if request.run_id != "run":
            return messages.GetRunResponse(partitions_total=4)
        return messages.GetRunResponse(
            partitions_done=[0, 2], accepted=7, duplicates=1, partitions_total=4
        )


@pytest.fixture
def kpi_address() -> Iterator[str]:
    with ThreadPoolExecutor(1) as threads:
        server = grpc.server(threads)
        stubs.add_KpiServiceServicer_to_server(Runs(), server)  # type: ignore[abstract]  # one method is asked
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"127.0.0.1:{port}"
        server.stop(None).wait()


def test_the_kpi_service_tells_how_far_a_run_is(kpi_address: str) -> None:
    with closing(KpiRuns(kpi_address)) as kpi:
        assert kpi.look("run") == RunSeen(frozenset({0, 2}), 7, 1)
        assert kpi.look("another") == RunSeen()


def test_the_index_tells_in_which_partitions_a_run_ended(infrastructure: LocalStack) -> None:
    url = infrastructure.env["CARELINE_ELASTICSEARCH"]
    with (
        closing(IndexedRuns(ElasticsearchAccess(url), 4)) as runs,
        closing(Elasticsearch(url)) as elasticsearch,
    ):
        elasticsearch.indices.create(index=INDEX, aliases={"careline-runs": {}})
        try:
            assert runs.look("run") == RunSeen()
            for document in ("run-0", "run-3", "another-1"):
                elasticsearch.index(index=INDEX, id=document, document={}, refresh=True)
            assert runs.look("run") == RunSeen(frozenset({0, 3}))
        finally:
            elasticsearch.indices.delete(index=INDEX)


def test_before_the_index_exists_no_partition_is_done(infrastructure: LocalStack) -> None:
    url = infrastructure.env["CARELINE_ELASTICSEARCH"]
    with closing(IndexedRuns(ElasticsearchAccess(url), 4)) as runs:
        assert runs.look("a run nobody knows") == RunSeen()
