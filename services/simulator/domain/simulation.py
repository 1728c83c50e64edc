"""The support organisation over time: every conversation that begins in a period, in order.

Each minute has a source of chance of its own. The actions of a period are therefore the same
whatever longer period they are asked for in, and an endless run needs only the memory of the
conversations under way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush
from types import MappingProxyType

from services.simulator.domain import pace
from services.simulator.domain.actions import Action, Language
from services.simulator.domain.brands import (
    CHANNELS_OF,
    CITIES,
    ONE_TO_ONE_CHANNELS,
    PUBLIC_CHANNELS,
    amount,
)
from services.simulator.domain.chinese import CHINESE
from services.simulator.domain.customers import Customer, Customers
from services.simulator.domain.draws import Draws, Seeded
from services.simulator.domain.english import ENGLISH
from services.simulator.domain.phrases import Phrases, Topic
from services.simulator.domain.plot import Plot
from services.simulator.domain.rhythm import (
    DAY_US,
    HOUR_US,
    LANGUAGES,
    MINUTE_US,
    Crisis,
    arrivals_per_minute,
)
from services.simulator.domain.script import Script, Wording
from services.simulator.domain.staffing import Team

_PHRASES: Mapping[Language, Phrases] = MappingProxyType({"en": ENGLISH, "zh": CHINESE})
_TOPICS: Sequence[tuple[Topic, float]] = (
    ("delivery", 0.30),
    ("product", 0.22),
    ("refund", 0.15),
    ("billing", 0.12),
    ("login", 0.09),
    ("complaint", 0.05),
    ("praise", 0.07),
)
# Customers in each language for each conversation of a day: most write once in some days.
_CUSTOMERS_PER_CONVERSATION = 1.5
_TRIES_FOR_BRAND = 50
# Who has another account writes there, too, about the same matter.
_TRIES_ELSEWHERE = 0.2
_CRISIS_HOURS = 2.5
_CRISIS_FIRST_HOUR = 8
_CRISIS_LAST_HOUR = 14


class Simulation:
    """``label`` stands before every id: two simulations of one period must differ in it."""

    def __init__(
        self, seeded: Seeded, label: str, per_day: float, crises: Sequence[Crisis] = ()
    ) -> None:
        self._seeded = seeded
        self._label = label
        self._per_day = per_day
        self._crises = crises
        self._customers = Customers(seeded, int(per_day * _CUSTOMERS_PER_CONVERSATION))
        self._teams = {
            language: Team(seeded, language, per_day, crises) for language, _ in LANGUAGES
        }

    def actions(self, from_us: int, to_us: int) -> Iterator[Action]:
        """Yield what happens from ``from_us`` until before ``to_us``, in the order of time.

        Only conversations that begin in the period are told of: no answer lacks its question.
        """
        waiting: list[tuple[int, str, Action]] = []
        for minute in range(from_us // MINUTE_US, -(-to_us // MINUTE_US)):
            for conversation in self._conversations(minute):
                if conversation[0].at_us >= from_us:
                    for action in conversation:
                        heappush(waiting, (action.at_us, action.action_id, action))
            until_us = min((minute + 1) * MINUTE_US, to_us)
            while waiting and waiting[0][0] < until_us:
                yield heappop(waiting)[2]

    def _conversations(self, minute: int) -> Iterator[list[Action]]:
        """Yield the conversations that begin in a minute, each with all its actions."""
        at_us = minute * MINUTE_US
        draws = Draws(self._seeded(f"minute/{minute}"))
        for language, _ in LANGUAGES:
            usual = arrivals_per_minute(at_us, language, self._per_day)
            for number in range(draws.poisson(usual)):
                yield self._matter(draws, f"{minute:x}{language[0]}{number}", at_us, language)
            for crisis in self._crises:
                more = crisis.arrivals_per_minute(at_us, language, self._per_day)
                for number in range(draws.poisson(more) if more else 0):
                    name = f"{minute:x}{language[0]}c{number}"
                    yield self._matter(draws, name, at_us, language, crisis)

    def _matter(
        self,
        draws: Draws,
        name: str,
        at_us: int,
        language: Language,
        crisis: Crisis | None = None,
    ) -> list[Action]:
        """Return a customer's conversation, and the one that they try on another channel."""
        customer = self._customer(draws, language, crisis)
        topic: Topic = "outage" if crisis else draws.weighted(_TOPICS)
        slots = _slots(draws, customer)

        def conversation(identifier: str, begins_at_us: int, channel: str) -> list[Action]:
            account = customer.accounts[channel]
            thread_id = account.author_id if channel in ONE_TO_ONE_CHANNELS else identifier
            return Plot(
                draws,
                script=Script(identifier, begins_at_us, customer, channel, thread_id),
                topic=topic,
                phrases=_PHRASES[language],
                wording=Wording(draws, dict(slots)),
                team=self._teams[language],
            ).actions()

        channel = _channel(draws, customer, in_public=crisis is not None)
        begins_at_us = at_us + draws.below(MINUTE_US)
        actions = conversation(f"{self._label}{name}", begins_at_us, channel)
        others = [one for one in customer.accounts if one != channel]
        if others and topic != "praise" and draws.happens(_TRIES_ELSEWHERE):
            later_us = begins_at_us + pace.tries_elsewhere_us(draws)
            actions += conversation(f"{self._label}{name}b", later_us, draws.pick(others))
        return actions

    def _customer(self, draws: Draws, language: Language, crisis: Crisis | None) -> Customer:
        customer = self._customers.draw(draws, language)
        for _ in range(_TRIES_FOR_BRAND if crisis else 0):
            if crisis is None or customer.brand.brand_id == crisis.brand_id:
                break
            customer = self._customers.draw(draws, language)
        return customer


def _channel(draws: Draws, customer: Customer, *, in_public: bool) -> str:
    """Return one of the customer's channels; anger goes where others can see it."""
    weights = dict(CHANNELS_OF[customer.language])
    options = [
        (channel, weights[channel] * (3.0 if in_public and channel in PUBLIC_CHANNELS else 1.0))
        for channel in customer.accounts
    ]
    return draws.weighted(options)


def _slots(draws: Draws, customer: Customer) -> dict[str, str]:
    product = draws.pick(customer.brand.products)
    return {
        "product": product.called(customer.language),
        "order": customer.brand.order_format.format(draws.below(10_000_000)),
        "amount": amount(draws, product, customer.language),
        "days": str(2 + draws.below(8)),
        "city": draws.pick(CITIES[customer.language]),
        "brand": customer.brand.called(customer.language),
        "name": customer.name.called,
        "agent": "",
    }


def crisis_within(from_us: int, to_us: int, brand_id: str) -> Crisis:
    """Return a crisis in the second half of a period, that is over before it ends."""
    length_us = to_us - from_us
    begins_us = from_us + length_us * 11 // 20
    return Crisis(
        begins_us, begins_us + min(int(_CRISIS_HOURS * HOUR_US), length_us // 4), brand_id
    )


def crisis_of_day(seeded: Seeded, day: int, brand_id: str) -> Crisis:
    """Return the crisis that a day has, counted in days since the epoch, UTC."""
    draws = Draws(seeded(f"crisis/{day}"))
    hour = _CRISIS_FIRST_HOUR + draws.below(_CRISIS_LAST_HOUR - _CRISIS_FIRST_HOUR)
    begins_us = day * DAY_US + hour * HOUR_US
    return Crisis(begins_us, begins_us + int(_CRISIS_HOURS * HOUR_US), brand_id)
