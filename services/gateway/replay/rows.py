"""What the reader makes of a file: rows that can be used, and rows that cannot."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One message or status change, not yet placed in its thread.

    ``id`` is unique in the file; ``order_key`` sorts rows of the same instant; ``case_id`` is the
    thread where the mapping's rule is ``column``.
    """

    id: str
    order_key: str
    at_us: int
    author: str = ""
    kind: str = ""
    text: str = ""
    parent_id: str = ""
    case_id: str = ""
    status: str = ""
    assignee: str = ""
    priority: str = ""
    brand: str = ""
    channel: str = ""
    author_name: str = ""
    phone: str = ""
    email: str = ""


class Reject(NamedTuple):
    """A row that cannot be used: the line where it starts, why, and how it stands in the file."""

    line: int
    reason: str
    raw: str
