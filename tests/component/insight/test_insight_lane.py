from __future__ import annotations

import grpc
import pytest

from careline.event.v1.event_pb2 import Event, Message, Tick
from careline.insight.v1 import insight_service_pb2 as messages
from careline.insight.v1 import insight_service_pb2_grpc as stubs
from careline.insight.v1.understanding_pb2 import Sentiment
from services.insight.adapters.lexicon import PackagedLexicon
from services.insight.handlers import UnderstandMessages
from services.insight.servicer import NAME, InsightServicer
from services.insight.streams import build_lane
from services.kernel.grpc_server import GrpcServer
from services.kernel.testing.harness import LaneHarness

LEXICON = PackagedLexicon().load()


def harness() -> LaneHarness:
    return LaneHarness(build_lane(LEXICON).spec, lambda: UnderstandMessages(LEXICON))


def message(text: str, author_kind: int = 1) -> Event:
    return Event(
        event_id="1",
        timeline="live",
        occurred_at_us=1,
        message=Message(text=text, author_kind=author_kind),  # type: ignore[arg-type]
    )


def test_a_customers_message_is_understood() -> None:
    lane = harness()
    lane.feed(message("This is terrible, I hate waiting"))
    lane.flush()
    (event,) = lane.events()
    assert event.understanding.language == "en"
    assert event.understanding.sentiment == Sentiment.SENTIMENT_NEGATIVE
    assert event.understanding.model_version == LEXICON.version


def test_an_agents_message_and_a_tick_go_on_untouched() -> None:
    lane = harness()
    reply = message("terrible", author_kind=2)
    tick = Event(event_id="t", timeline="live", occurred_at_us=2, tick=Tick())
    lane.feed(reply, tick)
    lane.flush()
    assert lane.events() == [reply, tick]


def test_the_lexicons_version_is_part_of_the_decision_version() -> None:
    assert LEXICON.version in build_lane(LEXICON).spec.decision_version


async def test_one_text_is_understood_over_grpc() -> None:
    server = GrpcServer(
        "127.0.0.1:0",
        [NAME],
        lambda s: stubs.add_InsightServiceServicer_to_server(InsightServicer(LEXICON), s),
    )
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            service = stubs.InsightServiceStub(channel)
            answer = await service.Understand(messages.UnderstandRequest(text="太棒了，谢谢"))
            assert answer.understanding.language == "zh"
            assert answer.understanding.sentiment == Sentiment.SENTIMENT_POSITIVE
            with pytest.raises(grpc.aio.AioRpcError, match="text is empty"):
                await service.Understand(messages.UnderstandRequest())
    finally:
        await server.stop()
