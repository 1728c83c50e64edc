"""One row's cells become a message or a status change, by the mapping's rules."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import TypeVar

from services.gateway.domain.keys import is_channel
from services.gateway.replay.ids import IdError, order_key, platform_id
from services.gateway.replay.rows import Row
from services.gateway.replay.rules import STATUSES, Columns, ReplayMapping
from services.gateway.replay.times import TimeError, TimeReader

_RANKS = {status: rank for rank, status in enumerate(STATUSES)}
_VERSION_DIGITS = 8

Word = TypeVar("Word", bound=str)


class RowError(ValueError):
    """The row cannot be used; the message names the column."""


class Interpreter:
    def __init__(self, mapping: ReplayMapping) -> None:
        self._columns: Columns = mapping.columns
        self._times = TimeReader(mapping.time)
        self._statuses = mapping.statuses
        self._kinds: dict[str, str] = {}
        if mapping.direction:
            self._kinds = {word.casefold(): "customer" for word in mapping.direction.customer}
            self._kinds |= {word.casefold(): "agent" for word in mapping.direction.agent}
        self._by_case = mapping.thread == "column"
        self._rows = mapping.rows

    def row(self, cells: Mapping[str, str]) -> Row:
        """Return the row of the mapped fields' cells. Raises RowError."""
        row = self._status(cells) if self._tells_status(cells) else self._message(cells)
        try:
            "".join(cells.values()).encode()
        except UnicodeEncodeError:
            raise RowError(
                "holds half of a character (a lone surrogate): export the file anew"
            ) from None
        return row

    def _tells_status(self, cells: Mapping[str, str]) -> bool:
        if self._rows == "both":
            return bool(cells["status"].strip())
        return self._rows == "status-changes"

    def _message(self, cells: Mapping[str, str]) -> Row:
        identifier = self._required_id("id", cells)
        return Row(
            id=identifier,
            order_key=order_key(identifier),
            at_us=self._time(cells),
            author=self._required_id("author", cells),
            kind=self._word("direction", cells, self._kinds),
            text=cells["text"],
            parent_id=self._id("parent", cells),
            case_id=self._required_id("case", cells) if self._by_case else "",
            brand=cells.get("brand", "").strip(),
            channel=self._channel(cells),
            author_name=cells.get("author_name", "").strip(),
            phone=cells.get("phone", "").strip(),
            email=cells.get("email", "").strip(),
        )

    def _status(self, cells: Mapping[str, str]) -> Row:
        case = self._required_id("case", cells)
        at_us = self._time(cells)
        status = self._word("status", cells, self._statuses)
        assignee = cells.get("assignee", "").strip()
        priority = cells.get("priority", "").strip()
        # Two changes at one instant are two events when they say different things. The hash keeps
        # names out of the identifier.
        said = f"{assignee}\0{priority}".encode(errors="surrogatepass")
        version = sha256(said).hexdigest()[:_VERSION_DIGITS]
        return Row(
            id=f"{case}:{status}:{at_us}:{version}",
            order_key=f"{order_key(case)}\x1f{_RANKS[status]}\x1f{version}",
            at_us=at_us,
            case_id=case,
            status=status,
            assignee=assignee,
            priority=priority,
            brand=cells.get("brand", "").strip(),
            channel=self._channel(cells),
        )

    def _time(self, cells: Mapping[str, str]) -> int:
        try:
            return self._times.at_us(cells["time"].strip())
        except TimeError as error:
            raise RowError(f"{self._columns.time}: {error}") from None

    def _channel(self, cells: Mapping[str, str]) -> str:
        channel = cells.get("channel", "").strip()
        if channel and not is_channel(channel):
            raise RowError(
                f'{self._columns.channel}: {channel!r} is not the name of a channel, like "x" or '
                '"web_chat"'
            )
        return channel

    def _id(self, field: str, cells: Mapping[str, str]) -> str:
        try:
            return platform_id(cells.get(field, ""))
        except IdError as error:
            raise RowError(f"{getattr(self._columns, field)}: {error}") from None

    def _required_id(self, field: str, cells: Mapping[str, str]) -> str:
        identifier = self._id(field, cells)
        if not identifier:
            raise RowError(f"{getattr(self._columns, field)}: is empty")
        return identifier

    def _word(self, field: str, cells: Mapping[str, str], meanings: Mapping[str, Word]) -> Word:
        word = cells[field].strip()
        meaning = meanings.get(word.casefold())
        if meaning is None:
            section = "direction" if field == "direction" else "statuses"
            raise RowError(
                f"{getattr(self._columns, field)}: {word!r} is not among the mapping's "
                f"{section}: add it there"
            )
        return meaning
