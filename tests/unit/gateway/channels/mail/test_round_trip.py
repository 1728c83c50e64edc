"""What the standard library writes is read back as it was given."""

from __future__ import annotations

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway.channels.mail import reading
from services.gateway.channels.mail.composing import Enclosure, Outgoing, compose
from services.gateway.domain.incoming import WrittenMessage

WORD = st.text("aZ09äßøмирπ漢字かな한글𝗜", min_size=1, max_size=20)
WORDS = st.lists(WORD, min_size=1, max_size=6).map(" ".join)
ENCODING = st.sampled_from(["base64", "quoted-printable", "8bit"])


def read(raw: bytes) -> WrittenMessage:
    [event] = reading.read(raw)
    assert isinstance(event.body, WrittenMessage)
    return event.body


@settings(max_examples=60, deadline=None)
@given(WORDS, WORDS, ENCODING, st.binary(max_size=200))
def test_mails_of_the_standard_library(
    words: str, text: str, encoding: str, content: bytes
) -> None:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(words, "a", "x.example")
    mail["Subject"] = words
    mail.set_content(f"{text}\n", cte=encoding)
    mail.add_attachment(content, maintype="application", subtype="pdf", filename=f"{words}.pdf")
    said = read(mail.as_bytes())
    # The library itself loses spaces where it folds a long header.
    assert said.author_name.replace(" ", "") == words.replace(" ", "")
    assert said.subject.replace(" ", "") == words.replace(" ", "")
    assert said.text == text
    [attachment] = said.attachments
    assert (attachment.name, attachment.content) == (f"{words}.pdf", content)


@settings(max_examples=60, deadline=None)
@given(WORDS, WORDS, st.lists(WORDS, min_size=1, max_size=5), WORDS, st.binary(max_size=200))
def test_our_own_mails(
    name: str, subject: str, lines: list[str], file: str, content: bytes
) -> None:
    text = "\n".join(lines)
    raw = compose(
        Outgoing(
            message_id="1@x.example",
            sender="a@x.example",
            sender_name=name,
            recipient="b@y.example",
            recipient_name=name,
            subject=subject,
            text=text,
            written_at_us=1_772_529_342_000_000,
            references=("0@y.example",),
            enclosures=(Enclosure(f"{file}.pdf", "application/pdf", content),),
        )
    )
    said = read(raw)
    assert (said.author_name, said.subject, said.text) == (name, subject, text)
    [attachment] = said.attachments
    assert (attachment.name, attachment.content) == (f"{file}.pdf", content)
    assert max(map(len, raw.split(b"\r\n"))) < 998
