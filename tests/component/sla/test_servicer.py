"""What the service answers, over a real connection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, TypeAlias

import grpc
import pytest

from careline.sla.v1 import sla_service_pb2 as messages
from careline.sla.v1 import sla_service_pb2_grpc as stubs
from services.kernel.grpc_server import GrpcServer
from services.kernel.testing.harness import LaneHarness
from services.sla.adapters.lane_state import LaneClocks
from services.sla.handlers import RunClocks
from services.sla.servicer import MAX_LIMIT, NAME, SlaServicer

START_US = 1_700_000_000_000_000
MINUTE_US = 60_000_000

Service: TypeAlias = "stubs.SlaServiceAsyncStub"


class _Latest:
    """The lane's reader, also after the lane was started again."""

    def __init__(self, lane: LaneHarness) -> None:
        self._lane = lane

    def __getattr__(self, name: str) -> Any:
        assert isinstance(self._lane.stage, RunClocks)
        return getattr(LaneClocks(self._lane.core, self._lane.stage), name)


@pytest.fixture
async def service(lane: LaneHarness) -> AsyncIterator[Service]:
    servicer = SlaServicer(_Latest(lane))
    server = GrpcServer(
        "127.0.0.1:0", [NAME], lambda s: stubs.add_SlaServiceServicer_to_server(servicer, s)
    )
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            yield stubs.SlaServiceStub(channel)
    finally:
        await server.stop()


async def at_risk(service: Service, **asked: Any) -> list[tuple[str, str, float]]:
    answer = await service.ListAtRisk(messages.ListAtRiskRequest(**asked))
    return [
        (one.conversation_id, one.clock, (one.due_at_us - START_US) / MINUTE_US)
        for one in answer.clocks
    ]


async def test_a_conversations_clocks_are_told_as_they_stand(
    lane: LaneHarness, events: Any, service: Service
) -> None:
    lane.feed(
        events.opened(channel="web_chat"),
        events.told(10, "reply", channel="web_chat"),
        events.told(30, "pending", channel="web_chat"),
    )
    answer = await service.GetClocks(messages.GetClocksRequest(conversation_id="cv_1"))
    assert list(answer.clocks) == [
        messages.Clock(
            conversation_id="cv_1",
            clock="first_response",
            cycle=1,
            state="fulfilled",
            target_us=60 * MINUTE_US,
            policy_id="chat",
            policy_version="1",
        ),
        messages.Clock(
            conversation_id="cv_1",
            clock="resolution",
            cycle=1,
            state="paused",
            target_us=600 * MINUTE_US,
            policy_id="chat",
            policy_version="1",
        ),
    ]


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_breached_clock_says_so_also_after_a_restart(
    lane: LaneHarness, events: Any, service: Service, *, restarted: bool
) -> None:
    lane.feed(events.opened(), events.tick(100))
    lane.flush()
    if restarted:
        lane.start()
    answer = await service.GetClocks(messages.GetClocksRequest(conversation_id="cv_1"))
    (clock,) = answer.clocks
    assert (clock.state, clock.due_at_us) == ("breached", START_US + 60 * MINUTE_US)


async def test_what_is_not_known_here_is_not_found(
    lane: LaneHarness, events: Any, service: Service
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await service.GetClocks(messages.GetClocksRequest(conversation_id="cv_9"))
    assert error.value.code() is grpc.StatusCode.NOT_FOUND
    assert "'cv_9' has no clocks here: this worker owns partitions 0;" in str(error.value.details())
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await service.GetClocks(messages.GetClocksRequest())
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("restarted", [False, True])
async def test_what_is_at_risk_comes_soonest_first(
    lane: LaneHarness, events: Any, service: Service, *, restarted: bool
) -> None:
    lane.feed(
        events.opened(20, conversation="late"),
        events.opened(0, conversation="breached"),
        events.opened(15, conversation="early"),
        events.opened(5, conversation="answered", channel="web_chat"),
        events.told(6, "reply", conversation="answered", channel="web_chat"),
        events.opened(7, conversation="both", channel="web_chat"),
        events.opened(8, conversation="solved", channel="web_chat"),
        events.told(9, "solved", conversation="solved", channel="web_chat"),
        events.opened(1, conversation="replayed", timeline="replay-1"),
        events.tick(61),
    )
    lane.flush()
    if restarted:
        lane.start()
    expected = [
        ("cv_both", "first_response", 67),
        ("cv_early", "first_response", 75),
        ("cv_late", "first_response", 80),
        ("cv_answered", "resolution", 605),
        ("cv_both", "resolution", 607),
    ]
    assert await at_risk(service) == expected
    assert await at_risk(service, limit=2) == expected[:2]
    assert await at_risk(service, timeline="replay-1") == [("cv_replayed", "first_response", 61)]
    assert await at_risk(service, timeline="replay-2") == []


async def test_the_soonest_are_found_whatever_was_put_off(
    make_lane: Callable[[], LaneHarness],
    lane: LaneHarness,
    events: Any,
    service: Service,
) -> None:
    for number in range(200):
        start = number * 37 % 200
        more = {"conversation": str(number), "channel": "web_chat"}
        lane.feed(events.opened(start / 10, **more))
        if number % 3:
            lane.feed(events.told(start / 10 + 1, "reply", **more))
        if number % 5 == 0:
            lane.feed(events.told(start / 10 + 2, "pending", **more))
            lane.feed(events.told(start / 10 + 9, "open", **more))
    everything = await at_risk(service, limit=MAX_LIMIT)
    assert len(everything) == 200 + 67
    assert everything == sorted(everything, key=lambda one: (one[2], one[0]))
    for limit in (1, 10, 100):
        assert await at_risk(service, limit=limit) == everything[:limit]


async def test_too_large_a_question_is_refused(lane: LaneHarness, service: Service) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await at_risk(service, limit=MAX_LIMIT + 1)
    assert error.value.details() == "limit is 501; ask for at most 500"
