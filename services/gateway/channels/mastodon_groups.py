"""Pages of grouped notifications: accounts and statuses stand beside the groups that name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

_COPIED = {"type": "type", "created_at": "latest_page_notification_at"}


def ungrouped(page: Mapping[str, object]) -> list[object]:
    """Return one notification for each account that a group shows, as they come ungrouped.

    What is no group stays as it came, for the reader to complain about.
    """
    accounts, statuses = _by_id(page.get("accounts")), _by_id(page.get("statuses"))
    groups = page.get("notification_groups")
    found: list[object] = []
    for group in groups if isinstance(groups, list) else [groups]:
        if not isinstance(group, dict):
            found.append(group)
            continue
        status = statuses.get(str(group.get("status_id")))
        shown = group.get("sample_account_ids")
        for account_id in shown if isinstance(shown, list) and shown else [None]:
            notification = {name: group.get(told) for name, told in _COPIED.items()}
            parts = (group.get("group_key"), account_id)
            notification["id"] = ":".join(str(part) for part in parts if part)
            notification["account"] = accounts.get(str(account_id))
            notification["status"] = status
            found.append(notification)
    return found


def _by_id(entries: object) -> dict[str, object]:
    return dict(_identified(entries))


def _identified(entries: object) -> Iterator[tuple[str, object]]:
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and "id" in entry:
            yield str(entry["id"]), entry
