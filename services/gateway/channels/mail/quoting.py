"""Telling what an author wrote from what they repeat, and from how they sign.

Line by line and in linear time: mail is hostile input, and patterns over whole texts can be made
to run for hours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from services.gateway.channels.mail import quote_marks as marks

_Kind: TypeAlias = Literal["own", "quoted", "signature"]

# Marks of writing from right to left, which have no width and stand anywhere.
_DIRECTIONS = dict.fromkeys(
    map(ord, "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
)
_LONGEST_LINE = 2000
_MOST_LINES = 20_000
_ATTRIBUTION_LINES = 5
_LONGEST_ATTRIBUTION = 500
_BLOCK_LINES = 8
_FEWEST_LABELS = 3
_LONGEST_CONTACT_BLOCK = 25
_FEWEST_CONTACT_LINES = 2
_LONGEST_FOOTER = 30
_EMPTY_RUN = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Said:
    text: str
    quoted: str = ""
    signature: str = ""


def split(text: str) -> Said:
    """Return the author's own text, what they repeat, and their signature."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")
    lines = [line.rstrip() for line in text.split("\n")]
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], "\n".join(lines[_MOST_LINES - 1 :])]
    lines = _apart(lines)
    plain = [line.translate(_DIRECTIONS) for line in lines]
    kinds, empty_is_right = _kinds(plain)
    _mark_signatures(plain, kinds)
    own = _joined(lines, kinds, "own")
    quoted, signature = _joined(lines, kinds, "quoted"), _joined(lines, kinds, "signature")
    if own or empty_is_right or not (quoted or signature):
        return Said(own, quoted, signature)
    # Nothing but what looks repeated: a forwarded mail, or a form. It is what was sent.
    whole = [
        _unquoted(line) for line, kind in zip(lines, kinds, strict=True) if kind != "signature"
    ]
    said = _tidy(whole)
    return Said(said, "", signature) if said else Said("", quoted, signature)


def _apart(lines: list[str]) -> list[str]:
    """Put "On …, X wrote:" that follows the author's words in the same line onto its own."""
    apart: list[str] = []
    for index, line in enumerate(lines):
        within = marks.OPENING_WITHIN.search(line) if len(line) <= _LONGEST_ATTRIBUTION else None
        own = line[: within.start()].rstrip(" -") if within else ""
        if (
            within
            and own.strip("> ")
            and not marks.OPENING.match(own)
            and marks.ATTRIBUTION.search(line[-200:])
            and not marks.QUOTED_LINE.match(line)
            and _is_quoted_next(lines, index + 1)
        ):
            apart += [own, line[within.start() :]]
        else:
            apart.append(line)
    return apart


def _kinds(lines: list[str]) -> tuple[list[_Kind], bool]:
    """Mark each line; tell, too, whether nothing of the author's own is what there is."""
    kinds: list[_Kind] = ["own"] * len(lines)
    only_a_quote = False
    index = 0
    while index < len(lines):
        line = lines[index]
        if marks.QUOTED_LINE.match(line):
            kinds[index] = "quoted"
            index += 1
            continue
        if not line.strip():
            index += 1
            continue
        if marks.SEPARATOR.match(line[:_LONGEST_LINE]) and _is_quoted_next(lines, index + 1):
            kinds[index] = "quoted"
            index += 1
            continue
        if _ends_here(lines, index):
            index = _with_rule(lines, index)
            kinds[index:] = ["quoted"] * (len(lines) - index)
            break
        length = _attribution(lines, index)
        if length:
            kinds[index : index + length] = ["quoted"] * length
            index += length
            if _is_quoted_next(lines, index):
                only_a_quote = True
                continue
            kinds[index:] = ["quoted"] * (len(lines) - index)
            break
        index += 1
    nothing = not any(
        kind == "own" and line.strip() for line, kind in zip(lines, kinds, strict=True)
    )
    return kinds, only_a_quote and nothing


def _ends_here(lines: list[str], index: int) -> bool:
    """Tell whether an older mail begins here and goes on to the end."""
    line = lines[index][:_LONGEST_LINE]
    if marks.SEPARATOR.match(line) or marks.REPLY_ABOVE.search(line):
        return True
    if marks.RULE.match(line):
        following = _next_text(lines, index + 1)
        return following < len(lines) and _is_header_block(lines, following)
    return _is_header_block(lines, index)


def _with_rule(lines: list[str], index: int) -> int:
    """Return where the rule above an older mail stands, if there is one."""
    above = index - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    return above if above >= 0 and marks.RULE.match(lines[above][:_LONGEST_LINE]) else index


def _is_header_block(lines: list[str], index: int) -> bool:
    first = lines[index][:_LONGEST_LINE]
    if not marks.LABEL.match(first):
        return False
    within = set(marks.LABEL_WITHIN.findall(first))
    if len(within) >= _FEWEST_LABELS and "From" in within:
        return True
    labels, with_sender, seen = 0, False, 0
    for line in lines[index : index + 2 * _BLOCK_LINES]:
        if not line.strip():
            continue
        seen += 1
        if seen > _BLOCK_LINES:
            break
        if marks.LABEL.match(line[:_LONGEST_LINE]):
            labels += 1
            with_sender |= bool(marks.FROM_LABEL.match(line[:_LONGEST_LINE]))
        if labels >= _FEWEST_LABELS and with_sender:
            return True
    return False


def _attribution(lines: list[str], index: int) -> int:
    """Return in how many lines "On …, X wrote:" stands here; 0 when it does not."""
    first = lines[index][:_LONGEST_LINE].strip()
    if _is_attribution(first, quoted_follows=_is_quoted_next(lines, index + 1)):
        return 1
    if len(first) > _LONGEST_ATTRIBUTION:
        return 0
    if not any(mark.search(first) for mark in marks.OPENINGS):
        return 0
    joined = first
    for length in range(2, _ATTRIBUTION_LINES + 1):
        if index + length > len(lines) or not lines[index + length - 1].strip():
            break
        joined = f"{joined} {lines[index + length - 1].strip()}"
        if len(joined) > _LONGEST_ATTRIBUTION:
            break
        if marks.ATTRIBUTION.search(joined[-200:]) and marks.TELLS_WHEN_OR_WHO.search(joined):
            return length
        if joined[-1:] in ":：" and marks.DATED.match(joined):
            return length
    return 0


def _is_attribution(line: str, *, quoted_follows: bool) -> bool:
    """Tell whether a line introduces a quote; where no marks follow, all must speak for it."""
    if len(line) > _LONGEST_ATTRIBUTION:
        return False
    if marks.FRAMED.match(line) or (marks.DATED.match(line) and line[-1:] in ":：>"):
        return True
    introduces = bool(marks.ATTRIBUTION.search(line[-200:]))
    if quoted_follows:
        tells = bool(marks.TELLS_DAY_OR_WHO.search(line))
        return introduces or (tells and line[-1:] in ":：")
    begins = marks.OPENING.match(line) or marks.FULL_DATE.search(line)
    return introduces and bool(begins or marks.TELLS_WHO.search(line))


def _is_quoted_next(lines: list[str], index: int) -> bool:
    following = _next_text(lines, index)
    return following < len(lines) and bool(marks.QUOTED_LINE.match(lines[following]))


def _next_text(lines: list[str], index: int) -> int:
    while index < len(lines) and not lines[index].strip():
        index += 1
    return index


def _mark_signatures(lines: list[str], kinds: list[_Kind]) -> None:
    """Mark signatures within each run of the author's own lines."""
    start, said = 0, False
    while start < len(lines):
        end = start
        while end < len(lines) and kinds[end] == "own":
            end += 1
        if end > start:
            begin = _signature(lines, start, end, said=said)
            said = said or _has_text(lines, start, begin)
            kinds[begin:end] = ["signature"] * (end - begin)
        start = end + 1


def _signature(lines: list[str], start: int, end: int, *, said: bool) -> int:
    """Return where the signature begins in this run, or its end."""
    for index in range(start, end):
        if marks.SIGNATURE.match(lines[index]) and (said or _has_text(lines, start, index)):
            return _mobile(lines, start, index)
    end = _footer(lines, start, end)
    begin = _mobile(lines, start, end)
    return begin if begin != end else _contact_block(lines, start, end)


def _footer(lines: list[str], start: int, end: int) -> int:
    """Take a mailing list's footer or a company's notice off the end."""
    for index in range(max(start + 1, end - _LONGEST_FOOTER), end):
        line = lines[index][:_LONGEST_LINE]
        is_list = marks.FOOTER_RULE.match(line) and any(
            marks.LIST_FOOTER.search(other[:_LONGEST_LINE]) for other in lines[index:end]
        )
        if (is_list or marks.NOTICE.match(line)) and _has_text(lines, start, index):
            return index
    return end


def _mobile(lines: list[str], start: int, end: int) -> int:
    """Take "Sent from my phone" and the empty lines around it off the end."""
    begin = end
    for index in range(end - 1, start - 1, -1):
        line = lines[index]
        if not line.strip():
            continue
        if len(line) > marks.LONGEST_MOBILE or not marks.MOBILE.match(line):
            break
        begin = index
    return begin


def _contact_block(lines: list[str], start: int, end: int) -> int:
    """Take a closing with the sender's contact data off the end; a mere "Thanks, Ann" stays."""
    first = max(start + 1, end - 2 * _LONGEST_CONTACT_BLOCK)
    for index in range(first, end):
        if not marks.CLOSING.match(lines[index]) or not _has_text(lines, start, index):
            continue
        block = [line for line in lines[index + 1 : end] if line.strip()]
        contacts = sum(bool(marks.CONTACT.search(line[:_LONGEST_LINE])) for line in block)
        if len(block) <= _LONGEST_CONTACT_BLOCK and contacts >= _FEWEST_CONTACT_LINES:
            return index
    return end


def _has_text(lines: list[str], start: int, end: int) -> bool:
    return any(line.strip() and not marks.SIGNATURE.match(line) for line in lines[start:end])


def _joined(lines: list[str], kinds: list[_Kind], wanted: _Kind) -> str:
    """Join the lines of a kind; where others stood between, one empty line is left."""
    found: list[str] = []
    previous: _Kind = wanted
    for line, kind in zip(lines, kinds, strict=True):
        if kind == wanted and not (wanted == "signature" and marks.SIGNATURE.match(line)):
            if previous != wanted and found and found[-1]:
                found.append("")
            found.append(line)
        previous = kind
    return _tidy(found)


def _tidy(lines: list[str]) -> str:
    while lines and not lines[0].strip():
        lines = lines[1:]
    return _EMPTY_RUN.sub("\n\n", "\n".join(lines)).rstrip()


def _unquoted(line: str) -> str:
    return marks.QUOTE_PREFIX.sub("", line)
