from __future__ import annotations

import pytest
from aiohttp.test_utils import TestClient, TestServer

from services.gateway.adapters.mail_submission import submit_mail
from services.gateway.channels.mail.composing import Outgoing, compose
from services.gateway.domain.outbound import ReplyRefusedError, TryLaterError
from services.simulator.platforms.mail import MailSandbox
from services.simulator.platforms.platform import Book, build_app

MAIL = compose(
    Outgoing(
        message_id="1@x.example",
        sender="help@x.example",
        recipient="bob@y.example",
        subject="Größe",
        text="Es passt. 好",
        written_at_us=1_772_529_342_000_000,
        references=("0@y.example",),
    )
)


async def test_the_sandbox_takes_mail_into_the_book_once() -> None:
    sandbox = MailSandbox()
    async with TestClient(TestServer(build_app([sandbox], Book()))) as client:
        opened = await (await client.get("/mail/smtp")).json()
        server = opened["submission"]
        assert (await (await client.get("/mail/smtp")).json())["submission"] == server
        for _ in range(2):
            await submit_mail(server, MAIL, "help@x.example", ["bob@y.example"])
        [kept] = await (await client.get("/book?kind=mail")).json()
        assert (kept["thread"], kept["text"]) == ("bob@y.example", "Es passt. 好")
        assert kept["payload"]["subject"] == "Größe"
        assert kept["payload"]["in_reply_to"] == "<0@y.example>"
        with pytest.raises(ReplyRefusedError):
            await submit_mail(server, MAIL, "help@x.example", ["refused@y.example"])
        with pytest.raises(TryLaterError):
            await submit_mail(server, MAIL, "help@x.example", ["later@y.example"])
        with pytest.raises(ReplyRefusedError):
            await submit_mail(server, b"Subject: x\r\n\r\nx", "a@x.example", ["b@y.example"])
    await sandbox.close()
