"""The process around a lane: what fails beside the lane is not passed over."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import grpc
import pytest

from services.kernel import lane_service
from services.kernel.grpc_server import _Observed
from services.kernel.lane.core import LaneCore
from services.kernel.lane.stage import LaneSpec, Stage, Turn
from services.kernel.lane_service import Companion, LaneService, LaneServiceSettings
from services.kernel.telemetry import metrics

SPEC = LaneSpec(
    name="test.service",
    input_topic="identity.event-identified.v1",
    state_topic="insight.understand-state.v1",
    decision_version="1",
)


class Silent(Stage):
    def on_event(self, event: Any, turn: Turn) -> None: ...


class FakeWorker:
    """Runs until it is told to stop."""

    progress = SimpleNamespace(
        ready=True, lag={}, events=0, records=0, dead_letters=0, duplicates=0
    )

    def __init__(self, *_: object, **__: object) -> None: ...

    async def run(self, stopping: asyncio.Event) -> None:
        await stopping.wait()

    def stalled_seconds(self) -> float:
        return 0.0


def broken_report() -> tuple[bool, Mapping[str, object]]:
    raise LookupError("the report is broken")


async def nothing() -> None: ...


async def test_a_health_report_that_fails_stops_the_lane_and_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lane_service, "LaneWorker", FakeWorker)
    service = LaneService(
        LaneCore(SPEC, Silent()),
        LaneServiceSettings(kafka="127.0.0.1:1", grpc_port=0, metrics_port=0),
        register=lambda _server: None,
        companions=[Companion(start=nothing, stop=nothing, report=broken_report)],
    )
    async with asyncio.timeout(10):
        with pytest.raises(LookupError, match="the report is broken"):
            await service._run()


@pytest.mark.parametrize("error", [asyncio.CancelledError(), GeneratorExit()])
def test_a_caller_that_leaves_is_no_error_of_the_server(error: BaseException) -> None:
    labels = ("test.Service", "Watch", grpc.StatusCode.CANCELLED.name)
    before = metrics.GRPC_HANDLED.labels(*labels)._value.get()
    with pytest.raises(type(error)), _Observed(*labels[:2], SimpleNamespace(code=lambda: 0)):
        raise error
    assert metrics.GRPC_HANDLED.labels(*labels)._value.get() == before + 1
