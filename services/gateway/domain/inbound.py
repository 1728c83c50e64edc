"""A request from outside, what its sender is told, and the two ways in which it is turned away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class InboundRequest:
    """The body's raw bytes, the headers (names in lower case) and the query (first value of each).

    A payload from a file has a body only: ``parse`` must do without the rest.
    """

    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    query: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    method: str = "POST"
    # The path and query as they came ("/v1/sms/acme/main?x=1"), for schemes that sign the address.
    target: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a sender gets back, where its platform wants more than a bare 2xx."""

    body: bytes = b""
    content_type: str = "text/plain"
    status: int = 200


class RefusedError(Exception):
    """The request does not prove that it comes from the account; the message says why."""


class InvalidRequestError(Exception):
    """The request is authentic, but not what the channel's contract says.

    ``place`` names the field ("data.author.id"), or is "body" for the request as a whole.
    """

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place} {problem}")
        self.place = place
        self.problem = problem
