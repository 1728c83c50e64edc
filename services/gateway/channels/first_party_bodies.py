"""What the ``data`` of each first-party type is read into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import cast, get_args

from services.gateway.channels.first_party_calls import PHASES, call_step
from services.gateway.channels.first_party_messages import (
    URL_LIMIT,
    Read,
    Reader,
    attachments,
    identifiers,
    message,
)
from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.incoming import (
    AuthorKind,
    CallPhase,
    CustomerAction,
    Engagement,
    MessageDeletion,
    Reaction,
    Receipt,
    ReceiptKind,
    ReplyRequest,
    Status,
    StatusChange,
    SurveyAnswer,
)

_STATUSES: tuple[Status, ...] = get_args(Status)
_SURVEY_KINDS = ("csat", "nps", "ces")
_MOST_IDS = 1_000
_MOST_DETAILS = 50
_MOST_QUICK_REPLIES = 20
_MOST_PARAMETERS = 50
_ANYBODY: tuple[AuthorKind, ...] = ("customer", "agent", "bot")

_ACTIONS = (
    "page.viewed",
    "page.helped",
    "page.gave_up",
    "order.placed",
    "order.paid",
    "order.shipped",
    "order.late",
    "order.returned",
    "order.cancelled",
    "product.viewed",
    "store.visited",
    "profile.updated",
    "consent.changed",
)


def _deletion(data: Fields, event_type: str) -> Read:
    _ = event_type
    author_id = data.object("author").text("id") if "author" in data else ""
    return Read(data.text("thread_id"), MessageDeletion(data.text("message_id")), author_id)


def _reaction(data: Fields, event_type: str) -> Read:
    removed = event_type.endswith("removed")
    # One that is taken back need not be named.
    reaction = data.text("reaction", "") if removed else data.text("reaction")
    body = Reaction(data.text("message_id"), reaction, removed)
    return Read(data.text("thread_id"), body, data.object("author").text("id"))


def _receipt(data: Fields, event_type: str) -> Read:
    body = Receipt(
        kind=cast("ReceiptKind", event_type.partition(".")[2]),
        message_ids=tuple(data.texts("message_ids", limit=_MOST_IDS)),
        until_at_us=data.instant("until") or 0,
        code=data.text("code", ""),
        reason=data.text("reason", "", limit=URL_LIMIT),
    )
    if not body.message_ids and not body.until_at_us:
        data.complain("message_ids", 'is missing; name the messages, or a time in "until"')
    return Read(data.text("thread_id"), body)


def _engagement(data: Fields, event_type: str) -> Read:
    _ = event_type
    body = Engagement(
        message_id=data.text("message_id"),
        likes=_count(data, "likes"),
        shares=_count(data, "shares"),
        replies=_count(data, "replies"),
        reach=_count(data, "reach"),
    )
    return Read(data.text("thread_id", "") or body.message_id, body)


def _count(data: Fields, name: str) -> int | None:
    if name not in data:
        return None
    count = data.integer(name)
    if count < 0:
        data.complain(name, "is negative")
    return count


def _call(data: Fields, event_type: str) -> Read:
    step = call_step(data, cast("CallPhase", event_type.partition(".")[2]))
    author_id = data.object("author").text("id") if "author" in data else ""
    customer = author_id or (step.callee if step.outbound else step.caller)
    return Read(data.text("thread_id", "") or customer or step.call_id, step, customer)


def _action(data: Fields, event_type: str) -> Read:
    author = data.object("author")
    body = CustomerAction(
        action=event_type,
        object_id=data.text("object_id", "", limit=URL_LIMIT),
        author_name=author.text("name", ""),
        identifiers=identifiers(author),
        amount_minor=data.integer("amount_minor") if "amount_minor" in data else 0,
        currency=data.text("currency", ""),
        details=_details(data),
    )
    if body.amount_minor and not body.currency:
        data.complain("currency", 'is missing; an amount needs one, like "USD"')
    return Read(data.text("thread_id", ""), body, author.text("id"))


def _details(data: Fields) -> dict[str, str]:
    if "details" not in data:
        return {}
    details = data.object("details")
    names = details.names()
    if len(names) > _MOST_DETAILS:
        data.complain("details", f"has {len(names)} entries; at most {_MOST_DETAILS} are allowed")
    # A name is held to what a text is held to.
    for index, name in enumerate(names):
        Fields({f"details' name {index}": name}, "data").text(f"details' name {index}")
    return {name: details.text(name, "", limit=URL_LIMIT) for name in names}


def _survey(data: Fields, event_type: str) -> Read:
    _ = event_type
    kind = data.text("kind")
    if kind not in _SURVEY_KINDS:
        data.complain("kind", f"is {kind!r}; expected is one of {', '.join(_SURVEY_KINDS)}")
    body = SurveyAnswer(
        survey_id=data.text("survey_id"),
        kind=kind,
        score=data.number("score"),
        scale_min=data.number("scale_min"),
        scale_max=data.number("scale_max"),
        comment=data.text("comment", "", limit=TEXT_LIMIT),
    )
    if not body.scale_min <= body.score <= body.scale_max:
        data.complain("score", f"lies outside of {body.scale_min:g} to {body.scale_max:g}")
    author_id = data.object("author").text("id") if "author" in data else ""
    return Read(data.text("thread_id", ""), body, author_id)


def _reply(data: Fields, event_type: str) -> Read:
    _ = event_type
    author = data.object("author") if "author" in data else Fields({}, "data.author")
    kind = author.text("kind", "agent")
    if kind not in ("agent", "bot"):
        author.complain("kind", f"is {kind!r}; expected is agent or bot")
    body = ReplyRequest(
        reply_id=data.text("reply_id"),
        text=data.text("text", "", limit=TEXT_LIMIT),
        agent_id=author.text("id", ""),
        agent_name=author.text("name", ""),
        by_bot=kind == "bot",
        attachments=attachments(data),
        quick_replies=tuple(
            (one.text("title"), one.text("payload", "") or one.text("title"))
            for one in data.objects("quick_replies", limit=_MOST_QUICK_REPLIES)
        ),
        reply_to_message_id=data.text("reply_to", ""),
        is_public=data.flag("is_public"),
        subject=data.text("subject", "", limit=TEXT_LIMIT),
    )
    if "template" in data:
        body = replace(body, template=_template(data.object("template")))
    elif not body.text and not body.attachments:
        data.complain("text", "is missing; a text, an attachment or a template is needed")
    return Read(data.text("thread_id"), body, body.agent_id)


def _template(entry: Fields) -> tuple[str, str, tuple[str, ...]]:
    name, language = entry.text("name"), entry.text("language")
    return name, language, tuple(entry.texts("parameters", limit=_MOST_PARAMETERS))


def _status(data: Fields, event_type: str) -> Read:
    _ = event_type
    status = data.text("status")
    if status not in _STATUSES:
        data.complain("status", f"is {status!r}; expected is one of {', '.join(_STATUSES)}")
    # Whoever changed it is no party to the conversation: no author.
    change = StatusChange(
        status=status,
        assignee=data.text("assignee", ""),
        priority=data.text("priority", ""),
    )
    return Read(data.text("thread_id"), change)


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "message.received": message(("customer",)),
        "message.sent": message(("agent", "bot")),
        "message.edited": message(_ANYBODY, edited=True),
        "message.deleted": _deletion,
        "reaction.added": _reaction,
        "reaction.removed": _reaction,
        "receipt.sent": _receipt,
        "receipt.delivered": _receipt,
        "receipt.read": _receipt,
        "receipt.failed": _receipt,
        "engagement.counted": _engagement,
        "survey.answered": _survey,
        "reply.requested": _reply,
        "status.changed": _status,
        **dict.fromkeys((f"call.{phase}" for phase in PHASES), _call),
        **dict.fromkeys(_ACTIONS, _action),
    }
)
