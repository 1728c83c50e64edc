"""How quickly agents answer, how long customers wait, and when they come back; in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from services.simulator.domain.draws import Draws

_MINUTE = 60.0
_HOUR = 60 * _MINUTE

# Medians. What is written to be read at once is answered sooner.
_HANDLING: Mapping[str, float] = MappingProxyType(
    {
        "web_chat": 50.0,
        "wechat": 100.0,
        "telegram": 3 * _MINUTE,
        "x": 9 * _MINUTE,
        "weibo": 9 * _MINUTE,
        "mail": 40 * _MINUTE,
    }
)
# How long a customer waits until a reminder.
_PATIENCE: Mapping[str, float] = MappingProxyType(
    {
        "web_chat": 4 * _MINUTE,
        "wechat": 15 * _MINUTE,
        "telegram": 25 * _MINUTE,
        "x": 70 * _MINUTE,
        "weibo": 60 * _MINUTE,
        "mail": 9 * _HOUR,
    }
)
# How long a customer takes to answer a question.
_RETURN: Mapping[str, float] = MappingProxyType(
    {
        "web_chat": 45.0,
        "wechat": 2 * _MINUTE,
        "telegram": 3 * _MINUTE,
        "x": 10 * _MINUTE,
        "weibo": 9 * _MINUTE,
        "mail": 80 * _MINUTE,
    }
)
_SIGMA = 0.75
# The queue counts less where somebody is expected to wait for the next word right now.
_QUEUE_SHARE: Mapping[str, float] = MappingProxyType(
    {"web_chat": 0.35, "wechat": 0.6, "telegram": 0.8, "x": 1.2, "weibo": 1.2, "mail": 2.5}
)
_NEXT_REPLY = 0.6


def first_reply(draws: Draws, channel: str, queue_minutes: float) -> float:
    """Return the time to the first answer: the handling, and the queue before it."""
    queue = queue_minutes * _MINUTE * _QUEUE_SHARE[channel] * draws.log_normal(1.0, 0.35)
    return queue + draws.log_normal(_HANDLING[channel], _SIGMA)


def next_reply(draws: Draws, channel: str, queue_minutes: float) -> float:
    """Return the time to a further answer; the agent knows the case and is still there."""
    return _NEXT_REPLY * first_reply(draws, channel, queue_minutes)


def patience(draws: Draws, channel: str) -> float:
    return draws.log_normal(_PATIENCE[channel], 0.5)


def customer_returns(draws: Draws, channel: str) -> float:
    return draws.log_normal(_RETURN[channel], _SIGMA)


def second_message(draws: Draws) -> float:
    """Return the time between two messages of one train of thought."""
    return draws.between(4.0, 40.0)


def taking(draws: Draws) -> float:
    """Return how long before the first answer the agent takes the conversation."""
    return draws.log_normal(20.0, 0.6)


def elsewhere(draws: Draws) -> float:
    """Return how long a carrier, a bank or a technician takes."""
    return min(draws.log_normal(2.2 * _HOUR, 0.6), 16 * _HOUR)


def silence(draws: Draws) -> float:
    """Return after which silence a conversation counts as solved."""
    return min(draws.log_normal(35 * _MINUTE, 0.7), 8 * _HOUR)


def wrapping_up(draws: Draws) -> float:
    return draws.log_normal(2 * _MINUTE, 0.6)


def giving_up(draws: Draws) -> float:
    """Return when a case is solved whose customer never came back."""
    return draws.between(3 * _HOUR, 14 * _HOUR)


def tries_elsewhere_us(draws: Draws) -> int:
    """Return, in microseconds, how long after the first message another channel is tried."""
    return int(1_000_000 * min(draws.log_normal(2 * _HOUR, 0.8), 20 * _HOUR))


def relapse(draws: Draws) -> float:
    """Return how long after the solution the customer is back with the same matter."""
    return min(draws.log_normal(2.5 * _HOUR, 0.8), 20 * _HOUR)
