"""A day of numbered messages, and what must be counted of it, computed without Careline."""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path

COLUMNS = (
    "tweet_id",
    "author_id",
    "inbound",
    "created_at",
    "text",
    "response_tweet_id",
    "in_response_to_tweet_id",
)
START = datetime(2026, 3, 2, 8, 0, 0, tzinfo=UTC)
TIME_FORMAT = "%a %b %d %H:%M:%S %z %Y"


@dataclass(slots=True)
class Expected:
    contacts: Counter[str] = field(default_factory=Counter)
    replies: Counter[str] = field(default_factory=Counter)
    conversations: Counter[str] = field(default_factory=Counter)
    first_responses: dict[str, list[float]] = field(default_factory=dict)
    breaches: Counter[str] = field(default_factory=Counter)
    event_ids: set[str] = field(default_factory=set)

    def quantile(self, brand: str, share: float) -> float:
        """Return the quantile by nearest rank."""
        values = sorted(self.first_responses[brand])
        return values[max(1, ceil(share * len(values))) - 1]


@dataclass(frozen=True, slots=True)
class _Message:
    number: int
    at: datetime
    author: str
    is_customer: bool
    parent: int | None


def write_day(
    path: Path, seed: int, *, threads: int, target: timedelta, first_number: int
) -> Expected:
    """Write a shuffled file of ``threads`` conversations and return what must be counted."""
    chance = random.Random(seed)
    messages: list[_Message] = []
    numbers = iter(range(first_number, first_number + 100 * threads))
    brands = [f"Brand{seed}{letter}" for letter in "ABC"]
    expected = Expected()
    answered: list[tuple[str, datetime, datetime | None]] = []
    for thread in range(threads):
        brand = chance.choice(brands)
        at = START + timedelta(seconds=chance.randrange(10 * 3600))
        opened, first_reply, parent = at, None, None
        for turn in range(chance.randrange(1, 7)):
            is_customer = turn == 0 or (turn > 1 and chance.random() < 0.5)
            author = f"9{seed:03d}{thread:05d}" if is_customer else brand
            number = next(numbers)
            messages.append(_Message(number, at, author, is_customer, parent))
            (expected.contacts if is_customer else expected.replies)[brand] += 1
            if not is_customer and first_reply is None:
                first_reply = at
            parent = number
            # Beyond the promise's hour there is nothing more to learn from a longer silence.
            at += timedelta(seconds=1 + min(int(chance.lognormvariate(7.5, 1.5)), 7_200))
        expected.conversations[brand] += 1
        answered.append((brand, opened, first_reply))
    end = max(message.at for message in messages)
    for brand, opened, first_reply in answered:
        if first_reply is not None:
            seconds = (first_reply - opened).total_seconds()
            expected.first_responses.setdefault(brand, []).append(seconds)
        due = opened + target
        if due < end and (first_reply is None or first_reply > due):
            expected.breaches[brand] += 1
    brand_of = _brands(messages, brands, answered)
    chance.shuffle(messages)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for message in messages:
            expected.event_ids.add(str(message.number))
            writer.writerow(
                (
                    message.number,
                    message.author,
                    message.is_customer,
                    message.at.strftime(TIME_FORMAT),
                    f"@{brand_of[message.number]} message {message.number}",
                    "",
                    "" if message.parent is None else message.parent,
                )
            )
    return expected


def _brands(
    messages: list[_Message], brands: list[str], answered: Sequence[tuple[str, datetime, object]]
) -> dict[int, str]:
    """Name the brand of each message's thread: the one that every text of it mentions."""
    brand_of: dict[int, str] = {}
    threads = iter(answered)
    for message in messages:
        if message.parent is None:
            brand_of[message.number] = next(threads)[0]
        else:
            brand_of[message.number] = brand_of[message.parent]
    assert set(brand_of.values()) <= set(brands)
    return brand_of
