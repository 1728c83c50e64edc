"""How a customer feels in a text: words that carry feeling, turned by what stands before them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|[\u4e00-\u9fff]+|[!?！？]+|[^\w\s]", re.UNICODE)
_LONGEST_HAN_WORD = 4
_NEGATION_REACH = 3
_THRESHOLD = 0.15


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words with their weight (-1 to 1), and words that turn or strengthen the next one."""

    version: str
    weights: Mapping[str, float]
    negations: frozenset[str]
    intensifiers: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Feeling:
    """``score`` from -1 to 1; ``label`` is negative, neutral or positive."""

    score: float
    label: str


def judge(text: str, lexicon: Lexicon) -> Feeling:
    total = 0.0
    strength = 0.0
    since_negation = _NEGATION_REACH + 1
    boost = 1.0
    for token in _tokens(text, lexicon):
        if token in lexicon.negations:
            since_negation = 0
            continue
        if token in lexicon.intensifiers:
            boost = lexicon.intensifiers[token]
            continue
        weight = lexicon.weights.get(token, 0.0)
        if weight:
            turned = -0.8 * weight if since_negation <= _NEGATION_REACH else weight
            total += turned * boost
            strength += abs(weight)
            boost = 1.0
        since_negation += 1
    score = 0.0 if strength == 0 else max(-1.0, min(1.0, total / (strength**0.5 + 0.5)))
    return Feeling(round(score, 4), _label(score))


def _label(score: float) -> str:
    if score <= -_THRESHOLD:
        return "negative"
    return "positive" if score >= _THRESHOLD else "neutral"


def _tokens(text: str, lexicon: Lexicon) -> list[str]:
    tokens: list[str] = []
    for match in _TOKEN.findall(text.lower().replace("’", "'")):
        if "\u4e00" <= match[0] <= "\u9fff":
            tokens.extend(_han_words(match, lexicon))
        else:
            tokens.append(match)
    return tokens


def _han_words(run: str, lexicon: Lexicon) -> list[str]:
    """Split a run of Han by the longest known word first; unknown characters stand alone."""
    words: list[str] = []
    at = 0
    while at < len(run):
        for length in range(min(_LONGEST_HAN_WORD, len(run) - at), 0, -1):
            word = run[at : at + length]
            known = (
                word in lexicon.weights or word in lexicon.negations or word in lexicon.intensifiers
            )
            if known or length == 1:
                words.append(word)
                at += length
                break
    return words
