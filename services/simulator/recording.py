"""Writes a period as NDJSON, for ``careline replay FILE --mapping simulated``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from services.kernel.clock import to_iso
from services.simulator.domain.actions import Action, AgentReplies, CustomerWrites, StatusChanges

_TELL_EVERY = 2_000


def write_period(
    path: Path, actions: Iterable[Action], told: Callable[[int], None] = lambda _rows: None
) -> int:
    """Write one row an action and return how many; the file appears whole or not at all."""
    partial = path.with_name(f"{path.name}.partial")
    rows = 0
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            for rows, action in enumerate(actions, start=1):
                file.write(json.dumps(row_of(action), ensure_ascii=False) + "\n")
                if rows % _TELL_EVERY == 0:
                    told(rows)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    told(rows)
    return rows


def row_of(action: Action) -> dict[str, str]:
    """Return the row; what is empty is left out."""
    row = {
        "id": action.action_id,
        "at": to_iso(action.at_us),
        "channel": action.channel,
        "brand": action.brand,
        "thread": action.thread_id,
        **_told(action),
    }
    return {key: value for key, value in row.items() if value}


def _told(action: Action) -> dict[str, str]:
    match action:
        case CustomerWrites():
            return {
                "from": "customer",
                "author": action.author_id,
                "name": action.author_name,
                "text": action.text,
                "reply_to": action.reply_to,
                **{one.kind: one.value for one in action.identifiers},
            }
        case AgentReplies():
            return {
                "from": "agent",
                "author": action.agent_id,
                "name": action.agent_name,
                "text": action.text,
                "reply_to": action.reply_to,
            }
        case StatusChanges():
            return {
                "status": action.status,
                "assignee": action.assignee,
                "priority": action.priority,
            }
