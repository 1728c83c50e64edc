"""The answers to a customer feedback template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.gateway.channels.loose import as_text
from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.incoming import SurveyAnswer

_MOST_SCREENS = 10
# The scales are the template's own.
_SCALES: Mapping[str, tuple[float, float]] = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7)}


def read_feedback(feedback: Fields) -> list[SurveyAnswer]:
    """Return the scores with their comments; a question without a score is left out."""
    return [
        answer
        for screen in feedback.objects("feedback_screens", limit=_MOST_SCREENS)
        for answer in _answers(screen)
    ]


def _answers(screen: Fields) -> Iterator[SurveyAnswer]:
    questions = screen.object("questions")
    for name in questions.names():
        question = questions.object(name)
        kind = question.text("type", "").lower()
        if kind not in _SCALES:
            continue
        low, high = _SCALES[kind]
        score = question.identifier("payload")
        if not score.isdigit() or not low <= int(score[:3]) <= high:
            question.complain("payload", f"is no score from {low:g} to {high:g}")
        yield SurveyAnswer(as_text(name), kind, int(score[:3]), low, high, _comment(question))


def _comment(question: Fields) -> str:
    if "follow_up" not in question:
        return ""
    return question.object("follow_up").text("payload", "", limit=TEXT_LIMIT)
