"""The body of an event, from the gateway's own words to the words of the lanes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from careline.channel.v1 import content_pb2 as content
from careline.channel.v1 import happenings_pb2 as happenings
from careline.channel.v1 import replies_pb2 as replies
from careline.event.v1.event_pb2 import (
    AuthorKind,
    ConversationStatus,
    Event,
    Identifier,
    Message,
    StatusChanged,
    Unrecognised,
)
from services.gateway.domain import incoming

AUTHOR_KINDS = {
    "customer": AuthorKind.AUTHOR_KIND_CUSTOMER,
    "agent": AuthorKind.AUTHOR_KIND_AGENT,
    "bot": AuthorKind.AUTHOR_KIND_BOT,
    "system": AuthorKind.AUTHOR_KIND_SYSTEM,
}
STATUSES = {
    "new": ConversationStatus.CONVERSATION_STATUS_NEW,
    "open": ConversationStatus.CONVERSATION_STATUS_OPEN,
    "pending": ConversationStatus.CONVERSATION_STATUS_PENDING,
    "on_hold": ConversationStatus.CONVERSATION_STATUS_ON_HOLD,
    "solved": ConversationStatus.CONVERSATION_STATUS_SOLVED,
    "closed": ConversationStatus.CONVERSATION_STATUS_CLOSED,
}

# The references of attachments whose bytes came along, by their position in the message.
BlobRefs = Mapping[int, str]


def set_body(event: Event, body: incoming.IncomingBody, blobs: BlobRefs) -> None:
    """Fill in the event's body. ``PullDue`` has none: it never becomes an event."""
    name, convert = _BODIES[type(body)]
    getattr(event, name).CopyFrom(convert(body, blobs))


def _message(written: incoming.WrittenMessage, blobs: BlobRefs) -> Message:
    message = Message(
        message_id=written.message_id,
        author_kind=AUTHOR_KINDS[written.author_kind],
        author_name=written.author_name,
        text=written.text,
        reply_to_message_id=written.reply_to_message_id,
        language_hint=written.language_hint,
        identifiers=_identifiers(written.identifiers),
        edited=written.edited,
        attachments=_attachments(written.attachments, blobs),
        subject=written.subject,
        quoted_text=written.quoted_text,
        signature=written.signature,
        is_public=written.is_public,
        payload=written.payload,
        reply_address=written.reply_address,
        automatic=written.automatic,
        spam=written.spam,
        stars=written.stars,
    )
    if written.location is not None:
        place = written.location
        message.location.CopyFrom(
            content.Location(
                latitude=place.latitude,
                longitude=place.longitude,
                name=place.name,
                address=place.address,
            )
        )
    return message


def _identifiers(identifiers: Sequence[incoming.Identifier]) -> list[Identifier]:
    return [Identifier(kind=one.kind, value=one.value) for one in identifiers]


def _attachments(
    attachments: Sequence[incoming.Attachment], blobs: BlobRefs
) -> list[content.Attachment]:
    return [
        content.Attachment(
            kind=content.AttachmentKind.Value(f"ATTACHMENT_KIND_{one.kind.upper()}"),
            media_id=one.media_id,
            url=one.url,
            media_type=one.media_type,
            name=one.name,
            size_bytes=one.size_bytes,
            inline=one.inline,
            blob_ref=blobs.get(position, ""),
        )
        for position, one in enumerate(attachments)
    ]


def _deletion(deletion: incoming.MessageDeletion, _: BlobRefs) -> happenings.MessageDeleted:
    return happenings.MessageDeleted(message_id=deletion.message_id)


def _reaction(reaction: incoming.Reaction, _: BlobRefs) -> happenings.ReactionChanged:
    return happenings.ReactionChanged(
        message_id=reaction.message_id, reaction=reaction.reaction, removed=reaction.removed
    )


def _receipt(receipt: incoming.Receipt, _: BlobRefs) -> happenings.ReceiptArrived:
    return happenings.ReceiptArrived(
        kind=happenings.ReceiptKind.Value(f"RECEIPT_KIND_{receipt.kind.upper()}"),
        message_ids=receipt.message_ids,
        until_at_us=receipt.until_at_us,
        code=receipt.code,
        reason=receipt.reason,
    )


def _engagement(counted: incoming.Engagement, _: BlobRefs) -> happenings.EngagementCounted:
    return happenings.EngagementCounted(
        message_id=counted.message_id,
        likes=counted.likes,
        shares=counted.shares,
        replies=counted.replies,
        reach=counted.reach,
    )


def _call(step: incoming.CallStep, _: BlobRefs) -> happenings.CallProgressed:
    return happenings.CallProgressed(
        call_id=step.call_id,
        leg_id=step.leg_id,
        phase=happenings.CallPhase.Value(f"CALL_PHASE_{step.phase.upper()}"),
        outbound=step.outbound,
        caller=step.caller,
        callee=step.callee,
        queue=step.queue,
        agent=step.agent,
        duration_us=step.duration_us,
        recording_url=step.recording_url,
        reason=step.reason,
    )


def _action(action: incoming.CustomerAction, _: BlobRefs) -> happenings.CustomerActed:
    return happenings.CustomerActed(
        action=action.action,
        object_id=action.object_id,
        author_name=action.author_name,
        identifiers=[
            happenings.ActorIdentifier(kind=one.kind, value=one.value) for one in action.identifiers
        ],
        amount_minor=action.amount_minor,
        currency=action.currency,
        details=dict(sorted(action.details.items())),
    )


def _survey(answer: incoming.SurveyAnswer, _: BlobRefs) -> happenings.SurveyAnswered:
    return happenings.SurveyAnswered(
        survey_id=answer.survey_id,
        kind=answer.kind,
        score=answer.score,
        scale_min=answer.scale_min,
        scale_max=answer.scale_max,
        comment=answer.comment,
    )


def _reply(asked: incoming.ReplyRequest, blobs: BlobRefs) -> replies.ReplyRequested:
    request = replies.ReplyRequested(
        reply_id=asked.reply_id,
        text=asked.text,
        attachments=_attachments(asked.attachments, blobs),
        quick_replies=[
            replies.QuickReply(title=title, payload=payload)
            for title, payload in asked.quick_replies
        ],
        reply_to_message_id=asked.reply_to_message_id,
        agent_id=asked.agent_id,
        agent_name=asked.agent_name,
        by_bot=asked.by_bot,
        is_public=asked.is_public,
        subject=asked.subject,
    )
    if asked.template is not None:
        name, language, parameters = asked.template
        request.template.CopyFrom(
            replies.Template(name=name, language=language, parameters=parameters)
        )
    return request


def _kept(kept: incoming.KeptAttachment, _: BlobRefs) -> content.AttachmentKept:
    return content.AttachmentKept(
        message_id=kept.message_id,
        position=kept.position,
        blob_ref=kept.blob_ref,
        media_type=kept.media_type,
        size_bytes=kept.size_bytes,
    )


def _status(change: incoming.StatusChange, _: BlobRefs) -> StatusChanged:
    return StatusChanged(
        status=STATUSES[change.status], assignee=change.assignee, priority=change.priority
    )


def _unknown(unknown: incoming.UnrecognisedEvent, _: BlobRefs) -> Unrecognised:
    return Unrecognised(type=unknown.type, payload=unknown.payload)


_BODIES: Mapping[type, tuple[str, Callable[[Any, BlobRefs], Any]]] = {
    incoming.WrittenMessage: ("message", _message),
    incoming.MessageDeletion: ("message_deleted", _deletion),
    incoming.Reaction: ("reaction_changed", _reaction),
    incoming.Receipt: ("receipt_arrived", _receipt),
    incoming.Engagement: ("engagement_counted", _engagement),
    incoming.CallStep: ("call_progressed", _call),
    incoming.CustomerAction: ("customer_acted", _action),
    incoming.SurveyAnswer: ("survey_answered", _survey),
    incoming.ReplyRequest: ("reply_requested", _reply),
    incoming.KeptAttachment: ("attachment_kept", _kept),
    incoming.StatusChange: ("status_changed", _status),
    incoming.UnrecognisedEvent: ("unrecognised", _unknown),
}
