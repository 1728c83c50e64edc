"""What all visitors' conversations have in common."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from services.gateway.channels.web_chat import WebChatSettings
from services.gateway.channels.web_chat_identity import known_visitor
from services.gateway.chat.rooms import ChatRooms
from services.gateway.chat.shown import FILE_SECONDS, SENDABLE
from services.gateway.domain.account import Account
from services.gateway.domain.chat_frames import Hello
from services.gateway.domain.chat_pace import Pace, PaceKeeper
from services.gateway.domain.chat_visitors import ANONYMOUS, TOKEN_SECONDS, ChatTokens, Visitor
from services.gateway.domain.inbound import RefusedError
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.media_types import is_allowed, settle
from services.gateway.ports_chat import ChatScreen, ExpectedWaits, MessageTaker, TypingSigns
from services.gateway.ports_media import BlobStore
from services.kernel.clock import Clock

VISITOR: Final = "visitor"
UPLOADER: Final = "uploader"
_UPLOADER_SECONDS = 24 * 3600
_LONGEST_NAME = 200
_VISITOR_BYTES = 18


class TooFastError(Exception):
    """Somebody goes faster than the chat allows."""


# How fast one visitor may send messages, files, signs of typing and anything at all, and how fast
# one address may open chats.
PACES: Mapping[str, Pace] = MappingProxyType(
    {
        "messages": Pace(10, 30),
        "files": Pace(10, 20),
        "frames": Pace(60, 600),
        "signs": Pace(5, 60),
        "visits": Pace(60, 120),
    }
)


@dataclass(frozen=True, slots=True)
class ChatParts:
    taker: MessageTaker
    screen: ChatScreen
    signs: TypingSigns
    rooms: ChatRooms
    blobs: BlobStore
    waits: ExpectedWaits
    clock: Clock
    paces: Mapping[str, Pace] = field(default_factory=lambda: PACES)


class ChatFront:
    """One for a process; every visitor's session asks here."""

    def __init__(self, parts: ChatParts) -> None:
        self.parts = parts
        self._keepers = {name: PaceKeeper(pace) for name, pace in parts.paces.items()}
        self._tokens: dict[tuple[str, ...], ChatTokens] = {}

    def now_us(self) -> int:
        return self.parts.clock.now_us()

    def tokens(self, account: Account) -> ChatTokens:
        """Return the account's tokens; what one account handed out is nothing to another."""
        key = (account.organisation, account.account, *account.secrets)
        if key not in self._tokens:
            name = f"{account.organisation}/{account.account}/"
            self._tokens[key] = ChatTokens([name + one for one in account.secrets])
        return self._tokens[key]

    def slow_down(self, what: str, who: str) -> None:
        """Raise ``TooFastError`` when somebody has done too much of something."""
        if not self._keepers[what].allows(who, self.now_us()):
            raise TooFastError(f"too many {what}; wait a little")

    def visitor(self, account: Account, hello: Hello) -> Visitor:
        """Return who greets. Raise ``RefusedError`` for a customer who is not proved.

        Whoever comes without a token, or with one that is too old, is somebody new.
        """
        settings: WebChatSettings = account.settings
        now_us = self.now_us()
        if hello.identity is not None:
            return known_visitor(hello.identity, settings, now_us)
        if hello.token:
            try:
                known = self.tokens(account).read(VISITOR, hello.token, now_us, TOKEN_SECONDS)
            except RefusedError:
                return _somebody_new()
            return Visitor(known)
        return _somebody_new()

    def visitor_token(self, account: Account, visitor: Visitor) -> str:
        """Return what an anonymous visitor is known again by; the others prove themselves anew."""
        if visitor.known:
            return ""
        return self.tokens(account).issue(VISITOR, visitor.visitor_id, self.now_us())

    def upload_token(self, account: Account, visitor: Visitor) -> str:
        return self.tokens(account).issue(UPLOADER, visitor.visitor_id, self.now_us())

    def uploader(self, account: Account, token: str) -> str:
        """Return the visitor who uploads. Raise ``RefusedError``."""
        return self.tokens(account).read(UPLOADER, token, self.now_us(), _UPLOADER_SECONDS)

    async def keep_file(
        self, account: Account, visitor_id: str, name: str, declared: str, content: bytes
    ) -> dict[str, object]:
        """Keep an uploaded file; return what the widget sends along with its message.

        Raise ``RefusedError`` for a type that the account does not take.
        """
        settings: WebChatSettings = account.settings
        media_type = settle(declared, content)
        if not media_type or not is_allowed(media_type, settings.file_types):
            raise RefusedError(f"files of the type {media_type or declared or '?'} are not taken")
        reference = await self.parts.blobs.put(content)
        family = media_type.partition("/")[0]
        kind = family if family in ("image", "audio", "video") else "file"
        name = name.encode(errors="replace").decode().replace("\x00", "")[-_LONGEST_NAME:]
        named = json.dumps([visitor_id, reference, kind, media_type, name, len(content)])
        token = self.tokens(account).issue(SENDABLE, named, self.now_us())
        return {
            "file": token,
            "kind": kind,
            "media_type": media_type,
            "name": name,
            "size_bytes": len(content),
        }

    async def attachments(
        self, account: Account, visitor: Visitor, files: Sequence[str]
    ) -> list[Attachment]:
        """Return the files that a message brings. Raise ``RefusedError`` for somebody else's."""
        return [await self._attachment(account, visitor, one) for one in files]

    async def _attachment(self, account: Account, visitor: Visitor, token: str) -> Attachment:
        tokens = self.tokens(account)
        named = json.loads(tokens.read(SENDABLE, token, self.now_us(), FILE_SECONDS))
        owner, reference, kind, media_type, name, size = named
        if owner != visitor.visitor_id:
            raise RefusedError("the file is somebody else's")
        try:
            content = await self.parts.blobs.get(reference)
        except KeyError:
            raise RefusedError("the file is not kept any more; send it again") from None
        return Attachment(
            kind=kind,
            media_id=reference,
            media_type=media_type,
            name=name,
            size_bytes=size,
            content=content,
        )

    def wait_seconds(self, account: Account) -> float | None:
        return self.parts.waits.seconds(account.organisation, account.channel)


def _somebody_new() -> Visitor:
    return Visitor(ANONYMOUS + secrets.token_urlsafe(_VISITOR_BYTES))
