from __future__ import annotations

import socket
from typing import Any

import aiosmtplib
import pytest

from services.gateway.channels.mail import MailSettings
from services.gateway.domain.incoming import WrittenMessage
from services.gateway.sources.smtp import SmtpSource

SOURCE = SmtpSource()
MAIL = b"From: a@x.example\r\nMessage-ID: <1@x>\r\n\r\nHello\r\n.dot\r\n"


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found: int = free.getsockname()[1]
        return found


async def listening(around: Any, port: int, running: Any, until: Any, **settings: Any) -> Any:
    task = running(SOURCE.run(around, MailSettings(listen=f"127.0.0.1:{port}", **settings)))
    await until(lambda: "" in around.troubles)
    return task


async def send(port: int, mail: bytes = MAIL, sender: str = "a@x.example") -> str:
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, timeout=5)
    async with client:
        _, said = await client.sendmail(sender, ["help@x.example"], mail)
    return said


async def test_a_mail_is_taken_before_it_is_accepted(
    around: Any, port: int, running: Any, until: Any
) -> None:
    await listening(around, port, running, until, own_addresses=("@x.example",))
    assert await send(port) == "2.0.0 OK"
    [event] = around.taken
    assert isinstance(event.body, WrittenMessage)
    assert event.body.text == "Hello\n.dot"
    assert event.body.author_kind == "agent"


async def test_the_null_sender_makes_a_mail_automatic(
    around: Any, port: int, running: Any, until: Any
) -> None:
    await listening(around, port, running, until)
    await send(port, sender="")
    [event] = around.taken
    assert isinstance(event.body, WrittenMessage)
    assert event.body.automatic


async def test_unknown_recipients_and_too_large_mails_are_refused(
    around: Any, port: int, running: Any, until: Any
) -> None:
    await listening(
        around, port, running, until, accepted_recipients=("help@x.example",), largest_bytes=2000
    )
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, timeout=5) as client:
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
            await client.sendmail("a@x.example", ["other@x.example"], MAIL)
    with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
        await send(port, MAIL + b"x" * 3000)
    assert refused.value.code == 552
    assert around.taken == []


async def test_a_bug_leaves_the_mail_with_its_server_and_ends_the_source(
    around: Any, port: int, running: Any, until: Any
) -> None:
    task = await listening(around, port, running, until)
    around.failure = ZeroDivisionError()
    with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
        await send(port)
    assert refused.value.code == 451
    with pytest.raises(ZeroDivisionError):
        await task


async def test_an_address_in_use_is_reported_and_tried_again(
    around: Any, port: int, running: Any, until: Any
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        running(SOURCE.run(around, MailSettings(listen=f"127.0.0.1:{port}")))
        await until(lambda: bool(around.troubles))
        assert "cannot listen at" in around.troubles[0]
    await until(lambda: around.troubles[-1] == "")
