"""Header values with parameters: Content-Type and Content-Disposition, RFC 2231 included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from services.gateway.channels.mail import charsets, encoded_words

# A parameter is cut at ";" outside of quotes and encoded words. What a quote leaves open is no
# quote: then ";" cuts.
_PIECE = re.compile(
    r'(?:"(?:\\.|[^"\\])*"|=\?[^?\s]{1,75}\?[bBqQ]\?[^?]{0,4000}\?=|[^;"=]|=|")*?(?:;|$)', re.DOTALL
)
_SECTION = re.compile(r"([^*]+)\*(\d{1,4})(\*?)")
_QUOTED = re.compile(r'"((?:\\.|[^"\\])*)"?', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')
_LONGEST = 16 * 1024
_MOST_PARAMETERS = 100


def read(value: str) -> tuple[str, dict[str, str]]:
    """Return the value in lower case and its parameters, decoded, by names in lower case."""
    pieces = _pieces(encoded_words.unfolded(value)[:_LONGEST])
    main = encoded_words.plain(next(pieces, "")).strip().strip("\"'").lower()
    plain: dict[str, str] = {}
    extended: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for piece in pieces:
        name, equals, text = piece.partition("=")
        name, text = name.strip().lower(), _unquoted(text)
        if not equals or not name:
            continue
        section = _SECTION.fullmatch(name)
        if section is not None:
            known = sections.setdefault(section[1], {})
            known.setdefault(int(section[2]), (text, bool(section[3])))
        elif name.endswith("*"):
            extended.setdefault(name[:-1], _extended(text))
        else:
            plain.setdefault(name, encoded_words.decode(text))
    joined = {name: _joined(parts) for name, parts in sections.items()}
    return main, plain | joined | extended


def _pieces(value: str) -> Iterator[str]:
    position = 0
    for _ in range(_MOST_PARAMETERS):
        found = _PIECE.match(value, position)
        if found is None or position >= len(value):
            return
        yield found[0].removesuffix(";")
        position = found.end()


def _unquoted(text: str) -> str:
    text = text.strip()
    quoted = _QUOTED.match(text)
    if quoted is None:
        return text
    # Only these two are escapes in practice: "C:\temp\a.doc" holds none.
    return _ESCAPED.sub(r"\1", quoted[1])


def _extended(text: str) -> str:
    """Read ``charset'language'percent-encoded``."""
    charset, first, rest = text.partition("'")
    _, second, encoded = rest.partition("'")
    if not first or not second:
        charset, encoded = "", text
    return charsets.decode(_unpercented(encoded), charset)


def _joined(parts: dict[int, tuple[str, bool]]) -> str:
    charset, is_extended = "", False
    texts: list[bytes] = []
    for index in sorted(parts):
        text, encoded = parts[index]
        if encoded and not texts and text.count("'") > 1:
            charset, _, text = text.split("'", 2)
        is_extended |= encoded
        texts.append(_unpercented(text) if encoded else text.encode(errors="surrogateescape"))
    data = b"".join(texts)
    if is_extended:
        return charsets.decode(data, charset)
    return encoded_words.decode(data.decode("ascii", "surrogateescape"))


def _unpercented(text: str) -> bytes:
    return unquote_to_bytes(text.encode(errors="surrogateescape"))
