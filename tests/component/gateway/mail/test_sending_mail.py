"""From a reply to a mail server on loopback, and from there back in as a mail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from services.gateway.adapters.mail_submission import submit_mail
from services.gateway.channels.mail import MailSettings, reading
from services.gateway.domain.incoming import Attachment, WrittenMessage
from services.gateway.domain.outbound import (
    Reply,
    ReplyRefusedError,
    TryLaterError,
    UnknownOutcomeError,
)
from services.gateway.senders.mail import MailSender
from services.gateway.senders.sender import AccessToken, Platform, PlatformAnswer

SENDER = MailSender()
ADDRESS = json.dumps(
    {
        "to": "Bob.Smith@y.example",
        "name": "Bob “B” Smith",
        "subject": "Größe",
        "message_id": "2@y.example",
        "references": ["1@y.example"],
    }
)
REPLY = Reply(
    reply_id="r1",
    thread_id="1@y.example",
    text="Dear Bob,\n\nit fits. 好的。",
    reply_address=ADDRESS,
    agent_name="Anna Doe",
)


class MailServer:
    """What aiosmtpd hands the mails to."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], bytes]] = []
        self.answer = "250 OK"
        self.cut = False

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        if self.cut:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        elif self.answer.startswith("250"):
            self.mails.append((envelope.mail_from or "", envelope.rcpt_tos, envelope.content))
        return self.answer


class Outside(Platform):
    """The platform of a mail account: the real submission, files from a dict, a fixed clock."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def now_us(self) -> int:
        return 1_772_529_342_000_000

    async def request(self, method: str, url: str, **_: Any) -> PlatformAnswer:
        content = self.files.get(url)
        return PlatformAnswer(404 if content is None else 200, {}, content or b"")

    async def token(self, name: str, fetch: Callable[[], Awaitable[AccessToken]]) -> str:
        raise NotImplementedError

    def forget_token(self, name: str) -> None:
        raise NotImplementedError

    async def show_in_chat(self, thread_key: str, message: Mapping[str, object]) -> None:
        raise NotImplementedError

    async def submit_mail(
        self, server: str, message: bytes, sender: str, recipients: Sequence[str]
    ) -> None:
        await submit_mail(server, message, sender, recipients)


@pytest.fixture
def server() -> MailServer:
    return MailServer()


@pytest.fixture
async def settings(server: MailServer) -> AsyncIterator[MailSettings]:
    def authenticate(*_: Any) -> AuthResult:
        return AuthResult(success=True)

    def connect() -> SMTP:
        return SMTP(
            server,
            hostname="x.example",
            auth_require_tls=False,
            authenticator=authenticate,
            loop=asyncio.get_running_loop(),
        )

    listening = await asyncio.get_running_loop().create_server(connect, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    yield MailSettings(
        address="help@x.example", name="X Help", submission=f"smtp://u:p@127.0.0.1:{port}"
    )
    listening.close()
    await listening.wait_closed()


async def sent(reply: Reply, settings: MailSettings, outside: Platform | None = None) -> str:
    [part] = SENDER.plan(reply, settings, 0)
    assert json.loads(json.dumps(dict(part.payload))) == {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in part.payload.items()
    }
    return await SENDER.send(part, settings, outside or Outside())


def changed(reply: Reply = REPLY, **fields: Any) -> Reply:
    known: Mapping[str, Any] = {name: getattr(reply, name) for name in Reply.__slots__}
    return Reply(**{**known, **fields})


async def test_a_reply_arrives_in_the_customers_thread(
    server: MailServer, settings: MailSettings
) -> None:
    message_id = await sent(REPLY, settings)
    [(sender, recipients, raw)] = server.mails
    assert (sender, recipients) == ("help@x.example", ["Bob.Smith@y.example"])
    head = raw.split(b"\r\n\r\n")[0].decode()
    assert "\r\nIn-Reply-To: <2@y.example>\r\n" in head
    assert "\r\nReferences: <1@y.example>\r\n <2@y.example>\r\n" in head
    assert f"\r\nMessage-ID: <{message_id}>\r\n" in head
    assert "Auto-Submitted" not in head
    [event] = reading.read(raw, settings.rules)
    said = event.body
    assert isinstance(said, WrittenMessage)
    assert (said.author_kind, said.author_name) == ("agent", "X Help")
    assert said.subject == "Re: Größe"
    assert said.text == "Dear Bob,\n\nit fits. 好的。"
    assert event.thread_id == "1@y.example"
    assert event.occurred_at_us == 1_772_529_342_000_000
    assert max(map(len, raw.split(b"\r\n"))) < 998


async def test_a_second_try_is_the_same_mail(server: MailServer, settings: MailSettings) -> None:
    assert await sent(REPLY, settings) == await sent(REPLY, settings)
    assert server.mails[0] == server.mails[1]
    assert await sent(changed(reply_id="r2"), settings) != await sent(REPLY, settings)


async def test_files_go_along(server: MailServer, settings: MailSettings) -> None:
    outside = Outside()
    outside.files["https://x.example/b.png"] = b"picture"
    files = (
        Attachment("file", name="Maße.txt", media_type="text/plain", content=b"1\r\n2"),
        Attachment("image", name="b.png", media_type="image/png", url="https://x.example/b.png"),
    )
    await sent(changed(attachments=files, text=""), settings, outside)
    [event] = reading.read(server.mails[0][2])
    assert isinstance(event.body, WrittenMessage)
    assert [(one.name, one.content, one.inline) for one in event.body.attachments] == [
        ("Maße.txt", b"1\r\n2", False),
        ("b.png", b"picture", False),
    ]


async def test_an_automatic_answer_says_so_and_returns_nowhere(
    server: MailServer, settings: MailSettings
) -> None:
    await sent(changed(automatic=True), settings)
    [(sender, _, raw)] = server.mails
    assert sender in ("", "<>")
    assert b"\r\nAuto-Submitted: auto-replied\r\n" in raw


async def test_a_reply_to_our_reply_finds_the_thread_without_references(
    server: MailServer, settings: MailSettings
) -> None:
    message_id = await sent(REPLY, settings)
    answer = f"From: bob@y.example\nMessage-ID: <9@y>\nIn-Reply-To: <{message_id}>\n\nThanks"
    [event] = reading.read(answer.encode())
    assert event.thread_id == "1@y.example"


async def test_lines_in_names_and_subjects_start_no_headers(
    server: MailServer, settings: MailSettings
) -> None:
    await sent(changed(subject="Hi\r\nBcc: x@z.example"), settings)
    head = server.mails[0][2].split(b"\r\n\r\n")[0]
    assert b"\r\nBcc:" not in head


async def test_refusals_delays_and_silence_are_told_apart(
    server: MailServer, settings: MailSettings
) -> None:
    server.answer = "554 5.7.1 Spam"
    with pytest.raises(ReplyRefusedError) as refused:
        await sent(REPLY, settings)
    assert refused.value.code == "smtp_554"
    server.answer = "451 4.3.0 Later"
    with pytest.raises(TryLaterError):
        await sent(REPLY, settings)
    server.cut = True
    with pytest.raises(UnknownOutcomeError):
        await sent(REPLY, settings)


async def test_no_server_is_tried_again_later(settings: MailSettings) -> None:
    with pytest.raises(TryLaterError):
        await submit_mail("smtp://127.0.0.1:1", b"x", "a@x.example", ["b@x.example"])


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"reply_address": "{}"}, "no_address"),
        ({"text": " "}, "empty"),
        ({"template": ("t", "en", ())}, "no_templates"),
        ({"text": "x" * 600_000}, "too_long"),
        ({"attachments": (Attachment("file", size_bytes=30_000_000),)}, "too_large"),
        ({"attachments": (Attachment("file", media_id="m"),)}, "no_content"),
        (
            {"automatic": True, "reply_address": '{"to": "a@y.example", "automatic": true}'},
            "automatic",
        ),
    ],
)
def test_what_cannot_go_out_says_why(fields: dict[str, Any], code: str) -> None:
    settings = MailSettings(address="help@x.example", submission="smtps://x.example")
    with pytest.raises(ReplyRefusedError) as refused:
        SENDER.plan(changed(**fields), settings, 0)
    assert refused.value.code == code
    assert refused.value.remedy


def test_a_reply_is_signed_and_its_choices_written_out() -> None:
    settings = MailSettings(address="a@x.example", submission="smtps://x", sign="name")
    [part] = SENDER.plan(changed(quick_replies=(("Yes", "y"), ("No", "n"))), settings, 0)
    assert part.text.endswith("\n\n- Yes\n- No\n- Anna Doe")
    with pytest.raises(ReplyRefusedError, match="no server"):
        SENDER.plan(REPLY, MailSettings(), 0)


async def test_a_refused_access_token_is_fetched_anew_once() -> None:
    class TokenServer(Outside):
        def __init__(self) -> None:
            super().__init__()
            self.tokens = ["stale", "fresh"]
            self.tried: list[str] = []

        async def request(self, method: str, url: str, **_: Any) -> PlatformAnswer:
            token = json.dumps({"access_token": self.tokens[0], "expires_in": 60})
            return PlatformAnswer(200, {}, token.encode())

        async def token(self, name: str, fetch: Callable[[], Awaitable[AccessToken]]) -> str:
            return (await fetch()).value

        def forget_token(self, name: str) -> None:
            self.tokens.pop(0)

        async def submit_mail(
            self, server: str, message: bytes, sender: str, recipients: Sequence[str]
        ) -> None:
            self.tried.append(server)
            if "stale" in server:
                raise ReplyRefusedError("smtp_535", "the token is too old")

    outside = TokenServer()
    settings = MailSettings(
        address="help@x.example",
        submission="smtps://smtp.x.example:465",
        oauth_token_url="https://login.example/token",
        oauth_client_id="c1",
        oauth_refresh_token="r1",
    )
    await sent(REPLY, settings, outside)
    assert outside.tried == [
        "smtps+xoauth2://help%40x.example:stale@smtp.x.example:465",
        "smtps+xoauth2://help%40x.example:fresh@smtp.x.example:465",
    ]
