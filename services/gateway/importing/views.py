"""Where a run's effects are seen: the KPI service, the index, and the lanes' own positions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import grpc
from elasticsearch import ApiError, Elasticsearch, TransportError
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import KafkaError

from careline.kpi.v1 import kpi_service_pb2 as messages
from careline.kpi.v1 import kpi_service_pb2_grpc as stubs
from services.gateway.importing.errors import ImportFailedError
from services.gateway.importing.visibility import RunSeen
from services.kernel.elastic.connection import ElasticsearchAccess
from services.kernel.topics import declared_topics

_CALL_SECONDS = 5.0
_RUNS = "careline-runs"
# Ticks keep every lane a few records behind at any moment.
_FEW_RECORDS = 50


class KpiRuns:
    """Implements ``RunView`` by ``KpiService.GetRun``."""

    name = "kpi"

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(address)
        self._stub = stubs.KpiServiceStub(self._channel)

    def look(self, run_id: str) -> RunSeen:
        try:
            run = self._stub.GetRun(messages.GetRunRequest(run_id=run_id), timeout=_CALL_SECONDS)
        except grpc.RpcError as error:
            return RunSeen(trouble=f"its gRPC answers {error.code().name}: {error.details()}")
        return RunSeen(frozenset(run.partitions_done), run.accepted, run.duplicates)

    def close(self) -> None:
        self._channel.close()


class IndexedRuns:
    """Implements ``RunView`` by the documents that the indexer writes at a run's end."""

    name = "indexer"

    def __init__(self, access: ElasticsearchAccess, partitions: int) -> None:
        options: dict[str, Any] = {"request_timeout": _CALL_SECONDS, "max_retries": 0}
        if access.api_key:
            options["api_key"] = access.api_key
        if access.ca_certs:
            options["ca_certs"] = access.ca_certs
        self._client = Elasticsearch(access.url, **options)
        self._partitions = partitions

    def look(self, run_id: str) -> RunSeen:
        ids = {f"{run_id}-{number}": number for number in range(self._partitions)}
        try:
            found = self._client.search(
                index=_RUNS,
                ignore_unavailable=True,
                query={"ids": {"values": list(ids)}},
                size=self._partitions,
                source=False,
            )
        except (ApiError, TransportError) as error:
            return RunSeen(trouble=f"Elasticsearch answers {type(error).__name__}: {error}")
        return RunSeen(frozenset(ids[hit["_id"]] for hit in found["hits"]["hits"]))

    def close(self) -> None:
        self._client.close()


class KafkaLanes:
    """Implements ``LanePositions`` by the committed positions of every consumer group."""

    def __init__(self, kafka: str) -> None:
        try:
            self._admin = KafkaAdminClient(bootstrap_servers=kafka, client_id="careline-replay")
        except KafkaError as error:
            raise ImportFailedError(
                f"everything is published, but Kafka at {kafka} no longer answers: {error}"
            ) from error

    def behind(self) -> Mapping[str, tuple[int, int]]:
        try:
            return self._behind()
        except KafkaError:
            # Said when nothing moves for too long; a moment's trouble is none.
            return {"(Kafka does not answer)": (0, 0)}

    def _behind(self) -> Mapping[str, tuple[int, int]]:
        groups = [group["group_id"] for group in self._admin.list_groups()]
        committed = self._admin.list_group_offsets(groups) if groups else {}
        wanted = {
            tp for offsets in committed.values() for tp in offsets if tp.topic in declared_topics()
        }
        ends = self._admin.list_partition_offsets(dict.fromkeys(wanted, OffsetSpec.LATEST))
        behind = {}
        for lane, offsets in sorted(committed.items()):
            positions = {tp: max(0, one.offset) for tp, one in offsets.items() if tp in wanted}
            taken = sum(positions.values())
            lag = sum(ends[tp].offset - position for tp, position in positions.items())
            if lag > _FEW_RECORDS:
                behind[lane] = (lag, taken)
        return behind

    def close(self) -> None:
        self._admin.close()
