"""Calls the platform once and says what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from careline.channel.v1.replies_pb2 import ReplyState
from careline.event.v1.event_pb2 import Event
from services.gateway.domain.account import Account
from services.gateway.domain.delivery import OpenReply
from services.gateway.domain.outbound import (
    Part,
    ReplyRefusedError,
    TryLaterError,
    UnknownOutcomeError,
)
from services.gateway.ports_media import BlobStore
from services.gateway.senders.sender import Platform
from services.gateway.sending.hiding import hidden
from services.gateway.sending.planning import Planner, Way
from services.gateway.sending.progress import UNKNOWN_OUTCOME, attempt_of, outcome
from services.kernel.clock import Clock

_SECOND_US = 1_000_000
_TOO_LATE = "nobody heard the platform's answer, and by now it would take the same again"
_LOOK_FIRST = "look at the conversation on the platform before you send it again"


@dataclass(frozen=True, slots=True)
class SendingPolicy:
    # Calls of one account at the same time, never two of one thread.
    calls_per_account: int = 4
    # A call without an answer for so long has an unknown outcome. It may be several requests: media
    # go first.
    call_seconds: float = 30.0
    # The pause of an account, or of a reply, that was told to come later; it doubles.
    first_pause_us: int = _SECOND_US
    longest_pause_us: int = 300 * _SECOND_US
    # So long at least platforms know what they took by its key (Mastodon: an hour).
    keys_known_us: int = 45 * 60 * _SECOND_US
    # After so long nobody waits for the answer any more.
    give_up_us: int = 6 * 3600 * _SECOND_US

    def pause_us(self, times: int, asked_us: int = 0) -> int:
        """Return the pause after so many failures in a row, at least what the platform asked."""
        doubled = self.first_pause_us << min(max(times - 1, 0), 32)
        return max(asked_us, min(doubled, self.longest_pause_us))


@dataclass(frozen=True, slots=True)
class Outcome:
    """``event`` goes to the log. ``trouble``: the account pauses, for ``asked_us`` at least."""

    event: Event
    trouble: bool = False
    asked_us: int = 0


class Caller:
    def __init__(
        self,
        planner: Planner,
        open_platform: Callable[[Account], Platform],
        clock: Clock,
        policy: SendingPolicy,
        blobs: BlobStore,
    ) -> None:
        self._planner = planner
        self._blobs = blobs
        self._open_platform = open_platform
        self._clock = clock
        self._policy = policy
        self._platforms: dict[tuple[str, str, str], Platform] = {}

    def is_safe_to_repeat(self, request: Event) -> bool:
        """Tell whether the platform drops what it took already."""
        try:
            return self._planner.way(request).sender.idempotent
        except ReplyRefusedError:
            return False

    async def announce(self, request: Event, reply: OpenReply) -> Event:
        """Return the attempt to be written down, or the end where none is made."""
        now_us = self._clock.now_us()
        reply = replace(reply, doubtful=reply.doubtful or reply.under_way)
        if reply.doubtful and self._is_forgotten(reply, now_us):
            return unknown(request, reply, now_us, _TOO_LATE)
        try:
            parts = await self._plan(self._planner.way(request), request, now_us)
            _part_of(reply, parts)
        except ReplyRefusedError as refused:
            return _refusal(request, reply, now_us, refused)
        return attempt_of(request, reply, len(parts), now_us)

    async def call(self, request: Event, reply: OpenReply) -> Outcome:
        """Send the reply's part that is under way."""
        now_us = self._clock.now_us()
        try:
            way = self._planner.way(request)
            part = _part_of(reply, await self._plan(way, request, now_us))
        except ReplyRefusedError as refused:
            return Outcome(_refusal(request, reply, now_us, refused))
        try:
            async with asyncio.timeout(self._policy.call_seconds):
                message_id = await way.sender.send(part, way.account.settings, self._platform(way))
        except ReplyRefusedError as refused:
            said = hidden(refused.reason, way.account.settings)
            refused = ReplyRefusedError(refused.code, said, refused.remedy)
            return Outcome(_refusal(request, reply, self._clock.now_us(), refused))
        except TryLaterError as later:
            reason = hidden(later.reason, way.account.settings)
            return self._later(request, reply, reason, "", later.after_us)
        except (UnknownOutcomeError, TimeoutError) as error:
            reason = hidden(str(error), way.account.settings)
            reason = reason or f"no answer for {self._policy.call_seconds:g} seconds"
            if way.sender.idempotent:
                return self._later(request, reply, reason, UNKNOWN_OUTCOME, 0)
            return Outcome(unknown(request, reply, self._clock.now_us(), reason), trouble=True)
        sent = ReplyState.REPLY_STATE_SENT
        now_us = self._clock.now_us()
        return Outcome(outcome(request, reply, now_us, sent, message_id=message_id, text=part.text))

    async def _plan(self, way: Way, request: Event, now_us: int) -> Sequence[Part]:
        contents: dict[str, bytes] = {}
        for one in request.reply_requested.attachments:
            if one.blob_ref:
                contents[one.blob_ref] = await self._content(one.blob_ref)
        return self._planner.parts(way, request, now_us, contents)

    async def _content(self, reference: str) -> bytes:
        try:
            return await self._blobs.get(reference)
        except KeyError:
            raise ReplyRefusedError(
                "attachment_missing", f"{reference} is not kept any more", "attach the file again"
            ) from None

    def _later(
        self, request: Event, reply: OpenReply, reason: str, code: str, asked_us: int
    ) -> Outcome:
        now_us = self._clock.now_us()
        next_at_us = now_us + self._policy.pause_us(reply.attempt, asked_us)
        is_over = next_at_us > request.accepted_at_us + self._policy.give_up_us
        if is_over or (code and self._is_forgotten(reply, next_at_us)):
            if code:
                event = unknown(request, reply, now_us, reason)
            else:
                gave_up = ReplyRefusedError("gave_up", reason, "send it again, or another way")
                event = _refusal(request, reply, now_us, gave_up)
            return Outcome(event, trouble=True, asked_us=asked_us)
        event = outcome(
            request,
            reply,
            now_us,
            ReplyState.REPLY_STATE_DELAYED,
            code=code,
            reason=reason,
            next_attempt_at_us=next_at_us,
        )
        return Outcome(event, trouble=True, asked_us=asked_us)

    def _is_forgotten(self, reply: OpenReply, at_us: int) -> bool:
        """Tell whether the platform may have forgotten by then that it took this part."""
        return at_us > reply.first_attempt_at_us + self._policy.keys_known_us

    def _platform(self, way: Way) -> Platform:
        account = way.account
        key = (account.channel, account.organisation, account.account)
        if key not in self._platforms:
            self._platforms[key] = self._open_platform(account)
        return self._platforms[key]


def unknown(request: Event, reply: OpenReply, now_us: int, reason: str) -> Event:
    state = ReplyState.REPLY_STATE_UNKNOWN
    return outcome(request, reply, now_us, state, reason=reason, remedy=_LOOK_FIRST)


def _refusal(request: Event, reply: OpenReply, now_us: int, refused: ReplyRefusedError) -> Event:
    """Tell a refusal, which says that nothing went out; where that is not certain, say so."""
    if reply.doubtful:
        return unknown(request, reply, now_us, f"{refused.code}: {refused.reason}")
    return outcome(
        request,
        reply,
        now_us,
        ReplyState.REPLY_STATE_REFUSED,
        code=refused.code,
        reason=refused.reason,
        remedy=refused.remedy,
    )


def _part_of(reply: OpenReply, parts: Sequence[Part]) -> Part:
    if reply.part >= len(parts):
        raise ReplyRefusedError(
            "settings_changed",
            f"{reply.part} parts went out, and by the account's new settings there are no more",
            "look at the conversation on the platform and send what is missing",
        )
    return parts[reply.part]
