"""What a file's columns hold: from a map, or guessed from their names and values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

GIVEN, FAMILY, MIDDLE, FULL = "given_name", "family_name", "middle_name", "full_name"
ORGANISATION = "organisation_name"
BIRTH_DATE, BIRTH_YEAR, AGE = "birth_date", "birth_year", "age"
PHONE, EMAIL, NATIONAL_ID, URL = "phone", "email", "national_id", "url"
STREET, POSTCODE, CITY, REGION, COUNTRY = "street", "postcode", "city", "region", "country"
PLACE, CATEGORY, TEXT = "place", "category", "text"
UNIQUE_ID = "unique_id"
IGNORE = "ignore"

KINDS = (
    GIVEN, FAMILY, MIDDLE, FULL, ORGANISATION, BIRTH_DATE, BIRTH_YEAR, AGE, PHONE, EMAIL,
    NATIONAL_ID, URL, STREET, POSTCODE, CITY, REGION, COUNTRY, PLACE, CATEGORY, TEXT, UNIQUE_ID,
    IGNORE,
)  # fmt: skip

_ID_WORDS = "id|uid|uuid|guid|key|index|idx|row|rowid|rec|recid|record|nr|num|number|no"
# A name of a person or of an organisation, as the other columns tell; a category that tells it.
_NAME, _GENDER = "name", "gender"
# The first rule whose pattern stands in the column's words decides.
_BY_NAME = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (NATIONAL_ID, r"\b(ssn|nino|passport|national id|social security|tax id|vat|soc sec)"),
        (NATIONAL_ID, r"\bid card|身份证|证件号|税号|统一社会信用"),
        (EMAIL, r"\be? ?mail\b|\bemail|邮箱|电子邮件|邮件"),
        (PHONE, r"phone|mobile|\btel\b|\bcell|telephone|\bmsisdn|手机|电话|联系方式|号码"),
        (URL, r"\b(url|website|homepage|web|site|domain)\b|网址|网站|主页"),
        (BIRTH_DATE, r"\bdob\b|birth ?date|date of birth|\bbirth ?day\b|\bborn\b"),
        (BIRTH_DATE, r"出生日期|生日|出生年月"),
        (BIRTH_YEAR, r"birth ?year|year of birth|\byob\b|出生年"),
        (PLACE, r"birth ?place|place of birth|birth (city|state|town)|出生地|籍贯"),
        (AGE, r"\bage\b|年龄"),
        (_GENDER, r"\b(gender|sex)\b|性别"),
        (STREET, r"street|\baddr|\broad\b|\bstrt?\b|house (no|num)|住址|地址|街道"),
        (POSTCODE, r"post ?code|\bzip\b|zip ?code|postal|邮编|邮政编码"),
        (CITY, r"\bcity\b|\btown\b|suburb|locality|municipal|\bplace\b|城市|市区"),
        (REGION, r"\bstate\b|\bregion\b|province|\bcounty\b|district|省份|^省$|地区"),
        (COUNTRY, r"country|nation(?:ality)?|国家|国籍"),
        (ORGANISATION, r"company|organi[sz]ation|\borg\b|business|employer|firm|venue"),
        (ORGANISATION, r"restaurant|hotel|institution|公司|单位|机构|企业|店名"),
        (MIDDLE, r"middle|second name|\bmidl\b|\bmname\b"),
        (FULL, r"full ?name|first and (sur|last)|\bname (full|complete)"),
        (FULL, r"姓名|全名|名字|称呼|联系人"),
        (GIVEN, r"given|first ?name|fore ?name|christian name|\bfirst\b|\bfname\b|^名$"),
        (FAMILY, r"sur ?name|last ?name|family|\blast\b|\blname\b|^姓$|姓氏"),
        (_NAME, r"\bname\b"),
        (CATEGORY, r"occupation|profession|\bjob\b|title|\brace\b|ethnic|party|status|type"),
        (CATEGORY, r"category|cuisine|职业|民族|类型"),
        (TEXT, r"description|comment|note|remark|\btext\b|备注|描述"),
        (IGNORE, rf"\b({_ID_WORDS})\b|\b(cluster|entity|source|dataset|label|split|编号|序号)"),
    )
)
_PERSON_HINTS = (GIVEN, FAMILY, FULL, BIRTH_DATE, BIRTH_YEAR, AGE, NATIONAL_ID, _GENDER)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_EMAIL_VALUE = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_DATE_VALUE = re.compile(r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}.*|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}")
_CODE_VALUE = re.compile(r"[A-Za-z]{0,5}[-_/]?\d+([-_/.]\d+)*")
_FEW_KINDS, _NEARLY_ALL = 0.2, 0.95


class ColumnMapError(ValueError):
    """The map of columns does not fit the file or the known kinds."""


def checked(mapping: Mapping[str, object], columns: Sequence[str]) -> dict[str, str]:
    """Return the map; every column must be in the file, every kind one of the known."""
    kinds: dict[str, str] = {}
    for column, kind in mapping.items():
        if column not in columns:
            raise ColumnMapError(
                f"the column map names {column!r}, which the file lacks; "
                f"its columns: {', '.join(columns)}"
            )
        if kind not in KINDS:
            raise ColumnMapError(
                f"the column map calls {column!r} a {kind!r}; known kinds: {', '.join(KINDS)}"
            )
        if kind != IGNORE:
            kinds[column] = str(kind)
    if not kinds:
        raise ColumnMapError("the column map leaves no column to match by")
    return kinds


def guessed(
    columns: Sequence[str], left_out: Iterable[str], sample: Sequence[Mapping[str, str]]
) -> dict[str, str]:
    """Guess a kind for each column worth matching by; ``sample`` are some rows of the file."""
    out = set(left_out)
    kinds = {
        column: kind
        for column in columns
        if column not in out and (kind := _kind(column, [row[column] for row in sample])) != IGNORE
    }
    found = kinds.values()
    is_of_people = any(kind in found for kind in _PERSON_HINTS)
    said = {_NAME: FULL if is_of_people else ORGANISATION, _GENDER: CATEGORY}
    kinds = {column: said.get(kind, kind) for column, kind in kinds.items()}
    if not kinds:
        raise ColumnMapError(
            f"no column of the file says what it holds ({', '.join(columns)}); "
            "write a map from columns to kinds and give it with --columns"
        )
    return kinds


def _kind(column: str, values: Sequence[str]) -> str:
    words = re.sub(r"[_\-.]+", " ", _CAMEL.sub(" ", column)).lower().strip()
    for kind, pattern in _BY_NAME:
        if pattern.search(words):
            return kind
    return _kind_of_values([each for each in values if each])


def _kind_of_values(values: Sequence[str]) -> str:
    if not values:
        return IGNORE
    for kind, pattern in ((EMAIL, _EMAIL_VALUE), (BIRTH_DATE, _DATE_VALUE)):
        if _share(pattern, values) > _NEARLY_ALL:
            return kind
    distinct = len(set(values)) / len(values)
    if distinct <= _FEW_KINDS:
        return CATEGORY
    is_id = distinct == 1 and all(" " not in each for each in values)
    is_code = _share(_CODE_VALUE, values) > _NEARLY_ALL  # numbers of somebody's own making
    return IGNORE if is_id or is_code else TEXT


def _share(pattern: re.Pattern[str], values: Sequence[str]) -> float:
    return sum(pattern.fullmatch(each.strip()) is not None for each in values) / len(values)
