"""Read a mapping's YAML. Everything is checked here, so that a mistake is told before any row."""

from __future__ import annotations

import codecs
from dataclasses import fields
from typing import cast
from zoneinfo import ZoneInfo

import yaml

from services.gateway.replay.mapping_section import Section, load_yaml
from services.gateway.replay.records import CaseStatus
from services.gateway.replay.rules import (
    ACCOUNT_RULES,
    BRAND_RULES,
    FORMAT_NAMES,
    ROW_KINDS,
    STATUSES,
    THREAD_IDS,
    THREAD_RULES,
    AccountRule,
    BrandRule,
    Columns,
    DirectionRule,
    FileRule,
    MappingError,
    ReplayMapping,
    TimeRule,
)
from services.gateway.replay.times import EPOCH_FORMATS, ISO, format_problem, needs_zone

_ALWAYS = ("time",)
_OF_MESSAGES = ("id", "author", "direction", "text")
_OF_STATUSES = ("case", "status")
_TOLD_BY_MESSAGES = ("parent", "author_name", "phone", "email")
_TOLD_BY_STATUSES = ("assignee", "priority")


def parse_mapping(content: bytes, *, source: str, name: str) -> ReplayMapping:
    """Return the mapping that ``content`` describes.

    Raises MappingError, with ``source`` and the key in its message.
    """
    try:
        root = Section(source, "", load_yaml(content))
    except yaml.YAMLError as error:
        raise MappingError(f"{source}: not a YAML file: {error}") from error
    rows = root.choice("rows", ROW_KINDS)
    messages, statuses = rows != "status-changes", rows != "messages"
    thread = root.choice("thread", THREAD_RULES)
    brand, account = _brand(root), _account(root)
    mapping = ReplayMapping(
        name=name,
        description=root.text("description", default=""),
        rows=rows,
        namespace=root.text("namespace"),
        channel=root.text("channel"),
        organisation=root.text("organisation"),
        file=_file(root.section("file")),
        columns=_columns(root.section("columns")),
        time=_time(root.section("time")),
        thread=thread,
        thread_ids=root.choice("thread_ids", THREAD_IDS, default="namespaced"),
        direction=_direction(root.section("direction")) if messages else None,
        brand=brand,
        account=account,
        statuses=_statuses(root.section("statuses")) if statuses else {},
    )
    root.refuse_unknown(f"a mapping of {rows}")
    _check_columns(root, mapping)
    return mapping


def _file(section: Section) -> FileRule:
    form = section.choice("format", FORMAT_NAMES)
    delimiter = section.text("delimiter", default=",", strip=False) if form == "csv" else ","
    encoding = section.text("encoding", default="utf-8")
    section.refuse_unknown(f"a {form} file")
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise section.error("delimiter", 'must be one character, such as ";" or "\\t"')
    try:
        ascii_based = '\n",\r'.encode(codecs.lookup(encoding).name) == b'\n",\r'
    except (LookupError, UnicodeError):
        raise section.error(
            "encoding", f"{encoding!r} is not a known encoding; most files are utf-8"
        ) from None
    if not ascii_based and codecs.lookup(encoding).name != "utf-8-sig":
        raise section.error(
            "encoding", f"{encoding} cannot be split into lines; convert the file to utf-8"
        )
    return FileRule(form, delimiter, encoding)


def _columns(section: Section) -> Columns:
    names = {f.name: section.text(f.name, default="") for f in fields(Columns)}
    section.refuse_unknown("columns")
    return Columns(**names)


def _time(section: Section) -> TimeRule:
    formats = section.texts("formats")
    zone = section.text("zone", default="")
    section.refuse_unknown("time")
    for one in formats:
        if problem := format_problem(one):
            known = ", ".join((ISO, *EPOCH_FORMATS))
            raise section.error("formats", f"{one!r} {problem}; or use one of {known}")
    if zone:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise section.error(
                "zone", f"{zone!r} is not a known time zone; write one like Europe/Rome or UTC"
            ) from None
    elif any(needs_zone(one) for one in formats):
        raise section.error("zone", "is missing, and a format names no offset; write UTC if it is")
    return TimeRule(formats, zone)


def _direction(section: Section) -> DirectionRule:
    rule = DirectionRule(section.texts("customer"), section.texts("agent"))
    section.refuse_unknown("direction")
    both = {w.casefold() for w in rule.customer} & {w.casefold() for w in rule.agent}
    if both:
        raise section.error("agent", f"also has {min(both)!r} of the customers; keep it in one")
    return rule


def _brand(root: Section) -> BrandRule:
    section = root.section("brand", optional=True)
    rule = section.choice("rule", BRAND_RULES, default="fixed")
    value = section.text("value", default="") if rule == "fixed" else ""
    section.refuse_unknown(f"the rule {rule}")
    return BrandRule(rule, value)


def _account(root: Section) -> AccountRule:
    section = root.section("account", optional=True)
    rule = section.choice("rule", ACCOUNT_RULES, default="fixed")
    value = section.text("value", default="") if rule == "fixed" else ""
    section.refuse_unknown(f"the rule {rule}")
    return AccountRule(rule, value)


def _statuses(section: Section) -> dict[str, CaseStatus]:
    statuses: dict[str, CaseStatus] = {}  # words are compared without regard to case
    for word in section.words():
        status = section.choice(word, STATUSES)
        if statuses.setdefault(word.strip().casefold(), status) != status:
            raise section.error(word, "differs only in case from a word of another status")
    if not statuses:
        raise section.error("", f"is empty: map the file's words to {', '.join(STATUSES)}")
    return statuses


def _check_columns(root: Section, mapping: ReplayMapping) -> None:
    columns = mapping.columns
    messages, statuses = mapping.rows != "status-changes", mapping.rows != "messages"
    if statuses and mapping.thread != "column":
        raise root.error("thread", "must be column: status changes have no replies")
    if statuses and mapping.brand.rule == "organisation-account":
        raise root.error("brand.rule", "must be column or fixed: status changes have no authors")
    needed = [*_ALWAYS, *(_OF_MESSAGES if messages else ()), *(_OF_STATUSES if statuses else ())]
    needed += ["parent"] if mapping.thread == "reply-chain" else ["case"]
    needed += ["brand"] if mapping.brand.rule == "column" else []
    optional = ["channel", *(_TOLD_BY_MESSAGES if messages else ())]
    optional += _TOLD_BY_STATUSES if statuses else ()
    for one in fields(Columns):
        named = cast("str", getattr(columns, one.name))
        if one.name in needed and not named:
            raise root.error(f"columns.{one.name}", "is missing: name the file's column")
        if named and one.name not in (*needed, *optional):
            raise root.error(f"columns.{one.name}", "has no use under these rules: remove it")
