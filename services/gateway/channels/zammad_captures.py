"""What captures hold beside Zammad's webhooks: its API's tickets and articles, alone or listed."""

from __future__ import annotations

from services.gateway.channels.loose import Loose

PAGES = ("tickets", "articles", "result")


def is_told(entry: Loose) -> bool:
    return bool(entry.object("ticket")) or _is_article(entry) or _is_ticket(entry)


def plain(entry: Loose) -> tuple[Loose, Loose]:
    """Return the ticket and the article; either may be empty."""
    ticket = entry.object("ticket")
    if ticket:
        return ticket, entry.object("article") or ticket.object("article")
    if _is_article(entry):
        return Loose(), entry
    return (entry if _is_ticket(entry) else Loose()), entry.object("article")


def _is_article(entry: Loose) -> bool:
    return "ticket_id" in entry and "body" in entry


def _is_ticket(entry: Loose) -> bool:
    return "id" in entry and "title" in entry and ("number" in entry or "state" in entry)
