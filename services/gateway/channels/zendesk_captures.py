"""What Zendesk's events are wrapped in, and its API's objects, told as its webhooks tell them."""

from __future__ import annotations

from services.gateway.channels.loose import Loose

PREFIX = "zen:event-type:"
PAGES = ("comments", "tickets", "audits", "audit", "requests", "request")

# In the words of its EventBridge partner and of its app events.
_TYPES = {"comment_created": "comment_added", "ticket_created": "created"}


def is_told(entry: Loose) -> bool:
    if entry.text("type").startswith(PREFIX) or entry.object("ticket_event"):
        return True
    named = any(name in entry for name in ("ticket", "ticket_id", "ticketId", "latest_comment"))
    return named or _is_comment(entry) or _is_ticket(entry)


def plain(entry: Loose) -> Loose:
    """Return an event webhook's or a trigger's object."""
    told = entry.object("ticket_event")
    if told:
        return _partner_event(told)
    if entry.text("type").startswith(PREFIX) or entry.object("ticket"):
        return entry
    if "ticketId" in entry:
        comment = entry.text("latestComment", "latestCommentValue", "comment")
        ticket = {**entry.values, "id": entry.text("ticketId"), "latest_comment": comment}
        return Loose({"ticket": ticket})
    if entry.objects("events"):
        return _audit(entry)
    if _is_comment(entry):
        thread = entry.text("ticket_id") or f"comment:{entry.text('id')}"
        return Loose({"ticket": {"id": thread}, "comment": entry.values})
    return entry


def _is_comment(entry: Loose) -> bool:
    told = any(name in entry for name in ("body", "html_body", "plain_body", "value"))
    return "author_id" in entry and told


def _is_ticket(entry: Loose) -> bool:
    told = any(name in entry for name in ("status", "comment", "description"))
    return "id" in entry and "requester_id" in entry and told


def _partner_event(told: Loose) -> Loose:
    name = told.text("type").strip().lower().replace(" ", "_")
    meta = told.object("meta")
    sequence = meta.object("sequence")
    place = f"{sequence.text('id')}:{sequence.text('position')}"
    return Loose(
        {
            "type": f"{PREFIX}ticket.{_TYPES.get(name, name)}",
            "id": place.strip(":"),
            "time": meta.text("occurred_at"),
            "detail": told.values.get("ticket"),
            "event": told.values,
        }
    )


def _audit(entry: Loose) -> Loose:
    """Return the comment that a ticket's audit tells of; what else changed is told elsewhere."""
    said = next((one for one in entry.objects("events") if one.text("type") == "Comment"), Loose())
    times = {"created_at": entry.text("created_at"), "author_id": entry.text("author_id")}
    return Loose(
        {"ticket": {"id": entry.text("ticket_id")}, "comment": {**times, **said.values}}
        if said
        else {"ticket": {"id": entry.text("ticket_id")}}
    )
