"""Who WeCom's customers are: the answers of ``kf/customer/batchget``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.gateway.channels.wechat_bodies import read_json_texts, readable
from services.gateway.domain.incoming import Identifier, IncomingEvent, WrittenMessage

_MOST_REMEMBERED = 50_000
_MOST_LISTED = 1000


@dataclass(frozen=True, slots=True)
class _Customer:
    nickname: str = ""
    unionid: str = ""


def is_customers(event: IncomingEvent) -> bool:
    """Tell whether a customer wrote it."""
    return isinstance(event.body, WrittenMessage) and event.body.author_kind == "customer"


class Customers:
    """What is known of customers; asked for once in a process's life."""

    def __init__(self) -> None:
        self._known: dict[str, _Customer] = {}

    def __contains__(self, external_userid: str) -> bool:
        return external_userid in self._known

    def make_room(self) -> None:
        """Forget all when they are too many; before it is seen who is unknown, not after."""
        if len(self._known) > _MOST_REMEMBERED:
            self._known.clear()

    def learn(self, asked_for: Sequence[str], body: bytes) -> None:
        """Remember an answer; whoever it does not name is not asked for again.

        Raise ``InvalidRequestError`` when it is none.
        """
        self._known.update(dict.fromkeys(asked_for, _Customer()))
        for one in read_json_texts(body).entries("customer_list", limit=_MOST_LISTED):
            told = _Customer(readable(one, "nickname"), readable(one, "unionid"))
            self._known[readable(one, "external_userid")] = told

    def named(self, event: IncomingEvent) -> IncomingEvent:
        customer = self._known.get(event.author_id)
        body = event.body
        if customer is None or not isinstance(body, WrittenMessage) or not is_customers(event):
            return event
        identifiers = (Identifier("unionid", customer.unionid),) if customer.unionid else ()
        return replace(
            event, body=replace(body, author_name=customer.nickname, identifiers=identifiers)
        )
