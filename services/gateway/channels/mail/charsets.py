"""Bytes of a mail to text, whatever charset they claim: declared, misdeclared or not at all."""

from __future__ import annotations

import codecs
import re

import charset_normalizer

from services.gateway.channels.mail import charset_guess

# By canonical declared name: what senders mean by it. The right sides are supersets, as in
# browsers: what is within the declared charset reads the same.
_MEANT = {
    "gb2312": "gb18030",
    "gb231280": "gb18030",
    "gbk": "gb18030",
    "xgbk": "gb18030",
    "cp936": "gb18030",
    "chinesegb": "gb18030",
    "euccn": "gb18030",
    "big5": "big5hkscs",
    "xxbig5": "big5hkscs",
    "cp950": "big5hkscs",
    "shiftjis": "cp932",
    "xsjis": "cp932",
    "sjis": "cp932",
    "windows31j": "cp932",
    "ms932": "cp932",
    "euckr": "cp949",
    "ksc56011987": "cp949",
    "ksc5601": "cp949",
    "windows949": "cp949",
    "iso2022jp": "iso2022_jp",
    "cp50220": "iso2022_jp",
    "iso88591": "cp1252",
    "latin1": "cp1252",
    "xansi": "cp1252",
    "ansi": "cp1252",
    "xcp1252": "cp1252",
    "iso88599": "cp1254",
    "iso88598i": "iso8859_8",
    "iso88598e": "iso8859_8",
    "iso885911": "cp874",
    "tis620": "cp874",
    "windows874": "cp874",
    "macintosh": "mac_roman",
    "xmacroman": "mac_roman",
    "unicode11utf8": "utf_8",
    "utf8mb4": "utf_8",
    "unicode11utf7": "utf_7",
    "utf7imap": "utf_7",
}
# Codecs that are no charsets of texts.
_NOT_FOR_MAIL = frozenset(
    ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem")
)
_UNTRUSTED = frozenset(("ascii", "cp1252"))
_NAME_NOISE = re.compile(r"[^a-z0-9]")
_LONGEST_NAME = 60
_JAPANESE_ESCAPE = re.compile(rb"\x1b(\$[@B]|\([BJI])")
_HOLDS_UTF8 = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_GUESSED_FROM_BYTES = 16 * 1024
# Below this share of characters that do not fit, the declared charset is right and a few bytes
# are broken; above it the declaration is.
_BROKEN_SHARE = 0.1


def decode(data: bytes, declared: str = "") -> str:
    """Return the text; never fails, and the same bytes always give the same text."""
    if data.isascii() and b"\x1b" not in data and _codec(declared) not in _STATEFUL:
        return cleaned(data.decode("ascii"))
    return cleaned(_decoded(data, _codec(declared)))


def cleaned(text: str) -> str:
    """Drop what no text holds: NULs, byte order marks at the start, halves of surrogate pairs."""
    text = text.replace("\0", "").removeprefix("\ufeff")
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


_STATEFUL = frozenset(("utf-7", "hz", "iso2022_kr", "utf-16", "utf-16-le", "utf-16-be", "utf-32"))


def _codec(declared: str) -> str:
    """Return the name of Python's codec, "" when the charset is unknown or none of text."""
    name = declared.strip().strip("\"'").split(";")[0].split("//")[0].lower()
    if not name or len(name) > _LONGEST_NAME or not name.isascii():
        return ""
    name = _MEANT.get(_NAME_NOISE.sub("", name), name)
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        # "cp-850", "iso 8859 2", "windows1250" and the like.
        try:
            info = codecs.lookup(re.sub(r"^(?:cp|windows|win)[-_ ]?(?=\d)", "cp", name))
        except (LookupError, ValueError):
            return ""
    is_text = getattr(info, "_is_text_encoding", True)
    return info.name if is_text and info.name not in _NOT_FOR_MAIL else ""


def _decoded(data: bytes, codec: str) -> str:
    if codec == "iso2022_jp":
        return _japanese(data)
    if not codec or codec in _UNTRUSTED:
        # Bytes that form UTF-8 mean it: as Latin letters they would be nonsense.
        text = _strictly(data, "utf-8")
        if text is not None:
            return text
    if codec == "cp1252":
        return data.decode("cp1252", "replace")
    if not codec or codec == "ascii":
        return _guessed(data)
    text = _strictly(data, codec)
    return _mended(data, codec) if text is None else text


def _mended(data: bytes, codec: str) -> str:
    """Decode what is not quite in the declared charset."""
    if codec == "utf-8" and not _HOLDS_UTF8.search(data):
        return _guessed(data)
    patched = data.decode(codec, "replace")
    is_other = codec.startswith("utf-16") and b"\0" not in data
    if is_other or patched.count("\ufffd") > len(patched) * _BROKEN_SHARE:
        return _guessed(data)
    other = _strictly(data, "utf-8")
    return patched if other is None else other


def _strictly(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, ValueError):
        return None


def _guessed(data: bytes) -> str:
    text = _strictly(data, "utf-8")
    if text is not None:
        return text
    if _JAPANESE_ESCAPE.search(data):
        return _japanese(data)
    codec = charset_guess.guess(data[:_GUESSED_FROM_BYTES])
    if codec:
        return data.decode(codec, "replace")
    best = charset_normalizer.from_bytes(data[:_GUESSED_FROM_BYTES]).best()
    if best is not None and best.encoding != "ascii":
        return data.decode(best.encoding, "replace")
    patched = data.decode("utf-8", "replace")
    if patched.count("\ufffd") <= len(patched) * _BROKEN_SHARE:
        return patched
    return data.decode("cp1252", "replace")


def _japanese(data: bytes) -> str:
    """Decode ISO-2022-JP with the vendors' characters (①, ㈱, half-width kana) that mail holds.

    Python's codec refuses those.
    """
    text = _strictly(data, "iso2022_jp")
    if text is not None:
        return text
    found = []
    position, charset = 0, b"(B"
    for escape in _JAPANESE_ESCAPE.finditer(data):
        found.append(_japanese_run(data[position : escape.start()], charset))
        position, charset = escape.end(), escape[1]
    found.append(_japanese_run(data[position:], charset))
    return "".join(found)


def _japanese_run(run: bytes, charset: bytes) -> str:
    if charset.startswith(b"$"):
        return bytes(byte | 0x80 for byte in run).decode("euc_jis_2004", "replace")
    if charset == b"(I":
        return bytes(byte | 0x80 for byte in run).decode("cp932", "replace")
    return run.decode("cp932" if not run.isascii() else "ascii", "replace")
