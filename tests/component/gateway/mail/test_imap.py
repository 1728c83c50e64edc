from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from aioimaplib import IMAP4

from services.gateway.channels.mail import MailSettings, reading
from services.gateway.domain.incoming import UnrecognisedEvent
from services.gateway.sources.imap import ImapSource

SOURCE = ImapSource()
CURSOR = "imap:desk@x.example@127.0.0.1/INBOX"


def mail(number: int) -> bytes:
    return f"From: a@x.example\r\nMessage-ID: <{number}@x>\r\n\r\nHello {number}\r\n".encode()


def watching(mailbox: Any, **settings: Any) -> MailSettings:
    return MailSettings(mailboxes=(mailbox.address,), **settings)


async def test_unread_mail_is_taken_at_first_and_new_mail_as_it_comes(
    around: Any, mailbox: Any, running: Any, until: Any
) -> None:
    mailbox.mails = {1: mail(1), 2: mail(2)}
    mailbox.seen = {1}
    running(SOURCE.run(around, watching(mailbox)))
    await until(lambda: bool(mailbox.idling))
    assert around.ids == ["2@x"]
    mailbox.deliver(3, mail(3))
    await until(lambda: around.ids == ["2@x", "3@x"])
    await until(lambda: around.cursors.get(CURSOR) == "7:3")
    assert mailbox.seen == {1}
    assert not any("STORE" in command for command in mailbox.commands)
    assert around.troubles[-1] == ""


async def test_a_server_that_names_no_next_number_has_its_mails_counted(
    around: Any, mailbox: Any, running: Any, until: Any
) -> None:
    mailbox.names_next = False
    mailbox.mails = {8: mail(8)}
    mailbox.seen = {8}
    running(SOURCE.run(around, watching(mailbox)))
    await until(lambda: bool(mailbox.idling))
    assert around.ids == []
    assert around.cursors[CURSOR] == "7:8"


async def test_what_was_taken_is_not_read_again_after_a_restart(
    around: Any, mailbox: Any, running: Any, until: Any
) -> None:
    mailbox.mails = {1: mail(1), 2: mail(2), 3: mail(3)}
    around.cursors[CURSOR] = "7:2"
    running(SOURCE.run(around, watching(mailbox)))
    await until(lambda: bool(mailbox.idling))
    assert around.ids == ["3@x"]


async def test_a_renumbered_mailbox_is_read_again_for_some_days(
    around: Any, mailbox: Any, running: Any, until: Any
) -> None:
    mailbox.mails = {1: mail(1)}
    mailbox.seen = {1}
    around.cursors[CURSOR] = "6:99"
    running(SOURCE.run(around, watching(mailbox)))
    await until(lambda: around.cursors[CURSOR] == "7:1")
    assert around.ids == ["1@x"]
    assert any("SINCE 28-Feb-2026" in command for command in mailbox.commands)


async def test_a_broken_connection_is_opened_again(
    around: Any, mailbox: Any, running: Any, until: Any
) -> None:
    running(SOURCE.run(around, watching(mailbox)))
    await until(lambda: bool(mailbox.idling))
    mailbox.cut()
    mailbox.mails[1] = mail(1)
    await until(lambda: around.ids == ["1@x"])


async def test_a_wrong_password_is_reported_without_being_shown(
    around: Any, mailbox: Any, running: Any, until: Any
) -> None:
    mailbox.password = "other"
    running(SOURCE.run(around, watching(mailbox)))
    await until(lambda: len(around.pauses) > 1)
    assert "refuses the login" in around.troubles[0]
    assert "s3cret" not in around.troubles[0]
    assert around.pauses[:2] == [2.0, 4.0]
    mailbox.password = "s3cret"
    await until(lambda: around.troubles[-1] == "")


async def test_a_server_without_idle_is_asked_again(
    around: Any, mailbox: Any, running: Any, until: Any
) -> None:
    mailbox.can_idle = False
    running(SOURCE.run(around, watching(mailbox, poll_seconds=30)))
    await until(lambda: 30.0 in around.pauses)
    mailbox.mails[5] = mail(5)
    await until(lambda: around.ids == ["5@x"])
    assert "IDLE" not in mailbox.commands


async def test_mail_is_marked_as_read_when_asked(
    around: Any, mailbox: Any, running: Any, until: Any
) -> None:
    mailbox.mails = {4: mail(4)}
    running(SOURCE.run(around, watching(mailbox, mark_seen=True)))
    await until(lambda: mailbox.seen == {4})


async def test_what_is_no_mail_is_kept_and_the_next_one_read(
    around: Any, mailbox: Any, running: Any, until: Any
) -> None:
    mailbox.mails = {1: b"nothing of a mail", 2: mail(2)}
    running(SOURCE.run(around, watching(mailbox)))
    await until(lambda: len(around.taken) > 1)
    assert isinstance(around.taken[0].body, UnrecognisedEvent)
    assert around.ids[1] == "2@x"


async def test_a_server_without_passwords_gets_an_access_token(
    around: Any, mailbox: Any, running: Any, until: Any
) -> None:
    settings = watching(
        mailbox,
        oauth_token_url="https://login.example/token",
        oauth_client_id="c1",
        oauth_client_secret="cs",
        oauth_scope="imap",
    )
    running(SOURCE.run(around, settings))
    await until(lambda: bool(mailbox.idling))
    assert around.asked == [
        {
            "grant_type": "client_credentials",
            "client_id": "c1",
            "client_secret": "cs",
            "scope": "imap",
        }
    ]


def test_it_runs_only_for_accounts_with_mailboxes() -> None:
    assert not SOURCE.wanted(MailSettings())
    assert SOURCE.wanted(MailSettings(mailboxes=("imaps://x",)))


async def test_a_mail_that_the_parser_fails_on_is_kept_and_the_next_one_is_taken(
    around: Any, mailbox: Any, running: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = reading.read

    def fail_on_the_first(raw: bytes, rules: Any) -> Any:
        if b"Hello 1" in raw:
            raise ZeroDivisionError
        return read(raw, rules)

    monkeypatch.setattr(reading, "read", fail_on_the_first)
    mailbox.mails = {1: mail(1), 2: mail(2)}
    running(SOURCE.run(around, watching(mailbox)))
    await until(lambda: len(around.ids) == 2)
    assert around.ids[0].startswith("sha256:")
    assert around.ids[1] == "2@x"


async def test_it_ends_when_told_also_while_the_library_swallows_that(
    around: Any, mailbox: Any, running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = IMAP4.idle_start

    async def swallow(client: IMAP4, **options: float) -> Any:
        idle = await start(client, **options)
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0)
        return idle

    monkeypatch.setattr(IMAP4, "idle_start", swallow)
    task = running(SOURCE.run(around, watching(mailbox)))
    done, _ = await asyncio.wait({task}, timeout=5)
    assert done == {task}
