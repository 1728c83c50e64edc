"""What people say, as templates; the words themselves stand in ``english`` and ``chinese``.

Slots: {product}, {order}, {amount}, {days}, {city}, {brand}, {name} (the customer), {agent}.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Topic: TypeAlias = Literal[
    "delivery", "product", "billing", "login", "refund", "complaint", "praise", "outage"
]
Lines: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Issue:
    """One matter: how a calm or an upset customer opens with it, and what settles it.

    ``asks`` is what the agent may have to know first, ``gives`` what the customer says to it.
    """

    calm: Lines
    upset: Lines
    answers: Lines
    asks: str = ""
    gives: Lines = ()


@dataclass(frozen=True, slots=True)
class TopicPhrases:
    """``waits``: what the agent says when somebody else has to be asked."""

    issues: tuple[Issue, ...]
    waits: Lines = ()


@dataclass(frozen=True, slots=True)
class Phrases:
    topics: Mapping[Topic, TopicPhrases]
    # Before the opening, or nothing.
    salutations: Lines
    # The agent's first words.
    greetings: Lines
    # The customer's, right after the opening.
    afterthoughts: Lines
    # A further question, and the answer to it.
    questions: tuple[tuple[str, str], ...]
    updates: Lines
    thanks: Lines
    welcomes: Lines
    nudges: Lines
    angry_nudges: Lines
    apologies: Lines
    disappointments: Lines
    consolations: Lines
    reopenings: Lines
    reopened_answers: Lines
    phone_requests: Lines
