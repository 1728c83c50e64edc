"""Blocking: the coarse keys under which a record is found again in spite of errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import combinations

from services.identity.matching import columns as kind_of
from services.identity.matching.comparisons import Comparison, Value, district
from services.identity.matching.dates import Day
from services.identity.matching.nicknames import root_name
from services.identity.matching.normalise import has_han, pinyin, sound, squeezed, words

_MOST_NAMES = 5
_MOST_WORDS = 6
_LAST_DIGITS = 7
_SHORTEST_WORD = 2


@dataclass(frozen=True, slots=True)
class Facets:
    """What one value contributes to the keys of its record."""

    names: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()  # whole, year
    places: tuple[str, ...] = ()  # fine: identifies a household or a street
    areas: tuple[str, ...] = ()  # coarse: a district, a town
    alone: tuple[str, ...] = ()  # strong enough by itself


def facets_of(comparison: Comparison, value: Value) -> Facets:
    """Return what the value of this comparison contributes."""
    return _MAKERS.get(comparison.kind, _nothing)(value)


def keys(facets: Sequence[Facets]) -> list[int]:
    """Combine what a record's values contribute into its blocking keys, in a fixed order."""
    return list(dict.fromkeys(_hashed(text) for text in _texts(facets)))


def _hashed(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def _texts(facets: Sequence[Facets]) -> Iterator[str]:
    names = list(dict.fromkeys(name for each in facets for name in each.names))[:_MOST_NAMES]
    dates = [text for each in facets for text in each.dates]
    places = [text for each in facets for text in each.places]
    areas = [text for each in facets for text in each.areas][:2]
    for each in facets:
        yield from each.alone
    yield from dates[:1]
    yield from places
    yield from (f"{text}|{place}" for text in dates for place in (*places, *areas))
    years = dates[1:2]
    years_and_areas = [f"{year}|{area}" for year in years for area in areas]
    for a, b in combinations(sorted(names), 2):
        yield f"{a}|{b}"
        yield from (f"{a}|{b}|{text}" for text in (*years, *areas))
    for name in names:
        yield from (f"{name}|{text}" for text in (*dates, *places, *areas, *years_and_areas))


def _nothing(_: Value) -> Facets:
    return Facets()


def _given(value: Value) -> Facets:
    return Facets(names=(_spoken(root_name(value[0].split()[0])),))


def _family(value: Value) -> Facets:
    return Facets(names=(_spoken(value[0].replace(" ", "")),))


def _spoken(word: str) -> str:
    return "".join(pinyin(word)) if has_han(word) else sound(word)


def _words_of_name(value: Value) -> Facets:
    if has_han(value):
        syllables = pinyin(squeezed(value))
        return Facets(names=("".join(syllables), syllables[0]), alone=("".join(syllables),))
    said = [word for word in words(value) if len(word) > 1]
    return Facets(names=tuple(dict.fromkeys(sound(root_name(word)) for word in said)))


def _full_name(value: Value) -> Facets:
    found = _words_of_name(value)
    if has_han(value):
        return found
    said = "".join(words(value))
    return Facets(names=found.names, alone=(said, "".join(sorted(words(value)))))


def _organisation(value: Value) -> Facets:
    said = [word for word in words(value) if len(word) >= _SHORTEST_WORD]
    pairs = tuple(f"o{a}|{b}" for a, b in combinations(sorted(map(sound, said[:_MOST_WORDS])), 2))
    whole = squeezed(value)
    return Facets(
        names=tuple(dict.fromkeys(map(sound, said[:_MOST_NAMES]))),
        alone=(f"o{whole}", f"o{whole[:6]}", f"o{whole[-8:]}", *pairs),
    )


def _birth(value: Value) -> Facets:
    day: Day = value
    whole = f"d{day.year}{day.month}{day.day}"
    return Facets(dates=(whole, f"y{day.year}", f"m{day.month}{day.day}"))


def _year(value: Value) -> Facets:
    return Facets(dates=(f"y{value}",))


def _area(value: Value) -> Facets:
    code, city, _ = value
    fine = (f"p{code}",) if code and code[0].isalpha() else ()
    coarse = []
    if code:
        coarse.append(f"q{district(code)}" if fine else f"q{code[:5]}")
    if city:
        coarse.append(f"c{squeezed(city)[:6]}")
    return Facets(places=fine, areas=tuple(coarse))


def _place(value: Value) -> Facets:
    return Facets(areas=(f"b{value.split()[0]}",))


def _street(value: Value) -> Facets:
    said = value.split()
    number = next((word for word in said if word.isdigit()), "")
    street = max((word for word in said if not word.isdigit()), key=len, default="")
    return Facets(places=(f"s{number}{sound(street)}" if number else f"s{squeezed(value)[:10]}",))


def _phone(value: Value) -> Facets:
    return Facets(alone=(f"t{value[-_LAST_DIGITS:]}", f"u{value[:_LAST_DIGITS]}"))


def _email(value: Value) -> Facets:
    name = value.partition("@")[0]
    domain = value.partition("@")[2]
    return Facets(alone=(f"e{name}", f"e{name[:4]}@{domain}", f"f{squeezed(name)[-5:]}@{domain}"))


def _code(value: Value) -> Facets:
    half = len(value) // 2
    return Facets(alone=(f"i{value}", f"j{value[:half]}", f"k{value[half:]}"))


def _url(value: Value) -> Facets:
    return Facets(alone=(f"w{value.partition('/')[0]}",))


def _text(value: Value) -> Facets:
    said = sorted(words(value), key=lambda word: (-len(word), word))[:4]
    return Facets(alone=tuple(f"x{a}|{b}" for a, b in combinations(sorted(said), 2)))


_MAKERS = {
    kind_of.GIVEN: _given,
    kind_of.FAMILY: _family,
    kind_of.MIDDLE: _words_of_name,
    kind_of.FULL: _full_name,
    kind_of.ORGANISATION: _organisation,
    kind_of.BIRTH_DATE: _birth,
    kind_of.BIRTH_YEAR: _year,
    kind_of.POSTCODE: _area,
    kind_of.PLACE: _place,
    kind_of.STREET: _street,
    kind_of.PHONE: _phone,
    kind_of.EMAIL: _email,
    kind_of.NATIONAL_ID: _code,
    kind_of.URL: _url,
    kind_of.TEXT: _text,
}
