"""A request from outside, and the two ways in which it can be turned away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InboundRequest:
    """The body's raw bytes and the headers; the headers' names are in lower case."""

    body: bytes
    headers: Mapping[str, str]


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
