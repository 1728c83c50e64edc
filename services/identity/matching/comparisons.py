"""Comparisons: what of two records is held against each other, and in which levels it can agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA, JaroWinkler

from services.identity.matching import columns as kind_of
from services.identity.matching import contacts, dates, names
from services.identity.matching.normalise import present, squeezed, words

# A record's texts by the kind of attribute, as the file has them.
Fields = Mapping[str, str]
# A prepared value: hashable, equal when it says the same.
Value = Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """Level 0 is equality, the last level is difference; a missing value takes no part."""

    name: str
    kind: str
    columns: tuple[str, ...]
    levels: tuple[str, ...]
    prepare: Callable[[Fields], Value | None]
    level: Callable[[Value, Value], int]
    # What two records share that agree at a level: to share a rare term says more.
    terms: Mapping[int, Callable[[Value], str]] = field(default_factory=lambda: {0: str})


def comparisons_of(kinds: Mapping[str, str]) -> list[Comparison]:
    """Return the comparisons for columns of these kinds, always in one order."""
    of_kind: dict[str, tuple[str, ...]] = {}
    for column, kind in kinds.items():
        of_kind[kind] = (*of_kind.get(kind, ()), column)
    found = _of_names(of_kind) + _of_places(of_kind)
    for kind in _SINGLE:
        for number, column in enumerate(of_kind.get(kind, ())):
            if kind == kind_of.AGE and (kind_of.BIRTH_DATE in of_kind):
                continue
            name = kind if number == 0 and kind not in _BY_COLUMN else column
            found.append(_single(name, kind, column))
    return found


def _joined(fields: Fields, columns: tuple[str, ...]) -> str:
    return " ".join(text for column in columns if (text := present(fields.get(column))))


# --- names ---------------------------------------------------------------------------------------


def _of_names(of_kind: Mapping[str, tuple[str, ...]]) -> list[Comparison]:
    given, family = of_kind.get(kind_of.GIVEN, ()), of_kind.get(kind_of.FAMILY, ())
    middle, full = of_kind.get(kind_of.MIDDLE, ()), of_kind.get(kind_of.FULL, ())
    found = []
    if given and family:
        found += [_part("given_name", given, family), _part("family_name", family, given)]
        if middle or full:
            found.append(_other_names(given + family, middle + full))
    elif everything := full[:1] or given + middle + family:
        found.append(_full_name(everything))
    if organisation := of_kind.get(kind_of.ORGANISATION, ()):
        found.append(_organisation(organisation))
    return found


def _part(name: str, columns: tuple[str, ...], others: tuple[str, ...]) -> Comparison:
    def prepare(fields: Fields) -> Value | None:
        own = " ".join(words(_joined(fields, columns)))
        return (own, " ".join(words(_joined(fields, others)))) if own else None

    return Comparison(
        name, name, columns, names.PART_LEVELS, prepare, names.part_level, {0: _first}
    )


def _sorted_words(value: Value) -> str:
    return " ".join(sorted(words(value)))


def _first(value: Value) -> str:
    return str(value[0])


def _full_name(columns: tuple[str, ...]) -> Comparison:
    def prepare(fields: Fields) -> Value | None:
        text = _joined(fields, columns)
        last, comma, first = text.partition(",")
        return " ".join(words(f"{first} {last}" if comma else text)) or None

    return Comparison(
        "full_name",
        kind_of.FULL,
        columns,
        names.FULL_LEVELS,
        prepare,
        names.full_level,
        {0: str, 1: _sorted_words},
    )


_BAG_LEVELS = (
    "same",
    "same words",
    "one within the other",
    "most words",
    "some words",
    "different",
)
_MOST, _SOME = 80, 50


def _other_names(parts: tuple[str, ...], others: tuple[str, ...]) -> Comparison:
    """Compare the words of a full name that neither the given nor the family name has."""

    def prepare(fields: Fields) -> Value | None:
        known = set(words(_joined(fields, parts)))
        rest = dict.fromkeys(
            word for word in words(_joined(fields, others)) if word not in known and len(word) > 1
        )
        initials = [word for word in words(_joined(fields, others)) if len(word) == 1]
        return " ".join(rest) or " ".join(initials) or None

    levels = ("same", "one within the other", "initial", "alike", "different")
    return Comparison("other_names", kind_of.MIDDLE, others, levels, prepare, _other_names_level)


def _other_names_level(a: str, b: str) -> int:
    first, second = a.split(), b.split()
    if a == b:
        return 0
    if set(first) <= set(second) or set(second) <= set(first):
        return 1
    if first[0][0] == second[0][0] and min(len(first[0]), len(second[0])) == 1:
        return 2
    return 3 if max(JaroWinkler.similarity(x, y) for x in first for y in second) >= 0.88 else 4  # noqa: PLR2004


_LEGAL = frozenset(
    [
        "inc",
        "incorporated",
        "llc",
        "ltd",
        "limited",
        "co",
        "company",
        "corp",
        "corporation",
        "plc",
        "gmbh",
        "ag",
        "sa",
        "srl",
        "bv",
        "nv",
        "oy",
        "ab",
        "the",
        "and",
        "of",
        "&",
        "有限公司",
        "公司",
        "股份",
        "集团",
    ]
)


def _organisation(columns: tuple[str, ...]) -> Comparison:
    def prepare(fields: Fields) -> Value | None:
        text = words(_joined(fields, columns))
        return " ".join(word for word in text if word not in _LEGAL) or " ".join(text) or None

    return Comparison(
        "organisation_name", kind_of.ORGANISATION, columns, _BAG_LEVELS, prepare, _bag_level
    )


def _bag_level(a: str, b: str) -> int:
    if a == b:
        return 0
    if squeezed(a) == squeezed(b) or sorted(a.split()) == sorted(b.split()):
        return 1
    if fuzz.ratio(a, b) >= 90:  # noqa: PLR2004
        return 2
    shared = fuzz.token_set_ratio(a, b)
    if shared == 100:  # noqa: PLR2004
        return 2
    likeness = max(fuzz.token_sort_ratio(a, b), fuzz.ratio(a, b))
    if likeness >= _MOST:
        return 3
    return 4 if max(likeness, shared - 15) >= _SOME + 15 else 5


# --- places --------------------------------------------------------------------------------------

_STREET_LEVELS = ("same", "same words", "near", "same number, street alike", "street alike",
                  "different")  # fmt: skip
_AREA_LEVELS = (
    "same postcode",
    "postcode one character off",
    "same city",
    "city alike",
    "postcode one character off, another city",
    "same postcode district",
    "same region",
    "different",
)
_PLACE_LEVELS = ("same", "one within the other", "alike", "different")

_STREET_WORDS = {
    "street": "st", "str": "st", "avenue": "ave", "av": "ave", "road": "rd", "drive": "dr",
    "lane": "ln", "court": "ct", "boulevard": "blvd", "place": "pl", "square": "sq",
    "north": "n", "south": "s", "east": "e", "west": "w", "apartment": "apt", "suite": "ste",
    "first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th", "fifth": "5th",
    "highway": "hwy", "parkway": "pkwy", "terrace": "ter", "circle": "cir",
}  # fmt: skip


def _of_places(of_kind: Mapping[str, tuple[str, ...]]) -> list[Comparison]:
    found = []
    if street := of_kind.get(kind_of.STREET):
        found.append(_street(street))
    parts = tuple(
        of_kind.get(kind, ()) for kind in (kind_of.POSTCODE, kind_of.CITY, kind_of.REGION)
    )
    if any(parts):
        found.append(_area(*parts))
    return found


def _street(columns: tuple[str, ...]) -> Comparison:
    def prepare(fields: Fields) -> Value | None:
        text = words(_joined(fields, columns))
        return " ".join(_STREET_WORDS.get(word, word) for word in text) or None

    return Comparison("street", kind_of.STREET, columns, _STREET_LEVELS, prepare, _street_level)


def _street_level(a: str, b: str) -> int:
    if a == b:
        return 0
    first, second = a.split(), b.split()
    if sorted(first) == sorted(second) or squeezed(a) == squeezed(b):
        return 1
    numbers = [word for word in first if word.isdigit()]
    others = [word for word in second if word.isdigit()]
    same_number = bool(numbers) and bool(others) and numbers[0] == others[0]
    if same_number and OSA.distance(a, b, score_cutoff=2) <= 2:  # noqa: PLR2004
        return 2
    alike = fuzz.token_sort_ratio(a, b) >= _MOST or fuzz.token_set_ratio(a, b) >= 95  # noqa: PLR2004
    if not numbers or not others:
        return 2 if alike else 5
    if alike:
        return 3 if same_number else 4
    return 5


def _area(postcode: tuple[str, ...], city: tuple[str, ...], region: tuple[str, ...]) -> Comparison:
    def prepare(fields: Fields) -> Value | None:
        code = squeezed(_joined(fields, postcode))
        value = (code, " ".join(words(_joined(fields, city))), _joined(fields, region))
        return value if any(value) else None

    return Comparison(
        "area",
        kind_of.POSTCODE,
        postcode + city + region,
        _AREA_LEVELS,
        prepare,
        _area_level,
        {0: lambda value: str(value[0]), 2: lambda value: str(value[1])},
    )


def district(postcode: str) -> str:
    """Return the part of a postcode that names its district: all but a British inward code."""
    if postcode and postcode[0].isalpha():
        return postcode[:-3] if len(postcode) > 4 else postcode  # noqa: PLR2004
    return postcode[:3]


def _area_level(a: Value, b: Value) -> int:  # a ladder of levels
    code, other = a[0], b[0]
    if code and other and (code == other or (code[:5] == other[:5] and code[:5].isdigit())):
        return 0
    one_off = bool(code and other) and OSA.distance(code, other, score_cutoff=1) <= 1
    city = _city_level(a[1], b[1]) if a[1] and b[1] else 0
    if one_off and city <= 1:
        return 1
    if a[1] and b[1] and city <= 1:
        return 2 + city
    if one_off:
        return 4
    if code and other and district(code) == district(other):
        return 5
    return 6 if a[2] and a[2] == b[2] else 7


def _city_level(a: str, b: str) -> int:
    if a == b:
        return 0
    alike = JaroWinkler.similarity(a, b) >= 0.88 or fuzz.token_set_ratio(a, b) >= 95  # noqa: PLR2004
    return 1 if alike else 2


# --- the others ----------------------------------------------------------------------------------

_SINGLE = (
    kind_of.BIRTH_DATE, kind_of.BIRTH_YEAR, kind_of.AGE, kind_of.PHONE, kind_of.EMAIL,
    kind_of.NATIONAL_ID, kind_of.URL, kind_of.PLACE, kind_of.CATEGORY, kind_of.TEXT,
    kind_of.COUNTRY,
)  # fmt: skip
_BY_COLUMN = (kind_of.CATEGORY, kind_of.TEXT)


def _single(name: str, kind: str, column: str) -> Comparison:
    levels, prepare, level = _MAKERS[kind]
    return Comparison(
        name,
        kind,
        (column,),
        levels,
        lambda fields: prepare(fields.get(column)),
        lambda a, b: 0 if a == b else level(a, b),
    )


def _plain(text: str | None) -> str | None:
    return " ".join(words(present(text))) or None


def _whole_number(text: str | None) -> str | None:
    value = present(text).removesuffix(".0")
    return value if value.isdigit() else None


def _code(text: str | None) -> str | None:
    return squeezed(present(text)) or None


def _near_number(a: str, b: str) -> int:
    apart = abs(int(a) - int(b))
    if apart <= 1:
        return 1
    if len(a) == len(b) and OSA.distance(a, b) == 1:
        return 2
    return 3 if apart <= 5 else 4  # noqa: PLR2004


def _code_level(a: str, b: str) -> int:
    apart = OSA.distance(a, b, score_cutoff=2)
    return apart if apart <= 2 else 3  # noqa: PLR2004


def _place_level(a: str, b: str) -> int:
    if fuzz.token_set_ratio(a, b) >= 95:  # noqa: PLR2004
        return 1
    return 2 if JaroWinkler.similarity(a, b) >= 0.88 else 3  # noqa: PLR2004


_NUMBER_LEVELS = ("same", "one apart", "one digit off", "within five", "different")
_CODE_LEVELS = ("same", "one character off", "two characters off", "different")
_MAKERS: dict[
    str,
    tuple[tuple[str, ...], Callable[[str | None], Value | None], Callable[[Value, Value], int]],
] = {
    kind_of.BIRTH_DATE: (dates.LEVELS, dates.parse, dates.level),
    kind_of.BIRTH_YEAR: (_NUMBER_LEVELS, _whole_number, _near_number),
    kind_of.AGE: (_NUMBER_LEVELS, _whole_number, _near_number),
    kind_of.PHONE: (contacts.PHONE_LEVELS, contacts.phone, contacts.phone_level),
    kind_of.EMAIL: (contacts.EMAIL_LEVELS, contacts.email, contacts.email_level),
    kind_of.NATIONAL_ID: (_CODE_LEVELS, _code, _code_level),
    kind_of.URL: (contacts.URL_LEVELS, contacts.url, contacts.url_level),
    kind_of.PLACE: (_PLACE_LEVELS, _plain, _place_level),
    kind_of.CATEGORY: (_PLACE_LEVELS, _plain, _place_level),
    kind_of.TEXT: (_BAG_LEVELS, _plain, _bag_level),
    kind_of.COUNTRY: (_PLACE_LEVELS, _plain, _place_level),
}
