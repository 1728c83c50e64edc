"""Insight's use case: understand what a customer wrote."""

from __future__ import annotations

from careline.event.v1.event_pb2 import AuthorKind, Event
from careline.insight.v1.understanding_pb2 import Sentiment, Understanding
from services.insight.domain.language import detect_language
from services.insight.domain.sentiment import Lexicon, judge
from services.kernel.lane.stage import Stage, Turn

_SENTIMENTS = {
    "negative": Sentiment.SENTIMENT_NEGATIVE,
    "neutral": Sentiment.SENTIMENT_NEUTRAL,
    "positive": Sentiment.SENTIMENT_POSITIVE,
}


def understand(text: str, language_hint: str, lexicon: Lexicon) -> Understanding:
    feeling = judge(text, lexicon)
    return Understanding(
        language=detect_language(text, language_hint),
        sentiment=_SENTIMENTS[feeling.label],
        sentiment_score=feeling.score,
        model_version=lexicon.version,
    )


class UnderstandMessages(Stage):
    """Adds the understanding to customers' messages; everything else goes on untouched."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon

    def on_event(self, event: Event, turn: Turn) -> None:
        message = event.message
        if (
            event.WhichOneof("body") == "message"
            and message.author_kind == AuthorKind.AUTHOR_KIND_CUSTOMER
        ):
            event.understanding.CopyFrom(
                understand(message.text, message.language_hint, self._lexicon)
            )
        turn.emit(event)
