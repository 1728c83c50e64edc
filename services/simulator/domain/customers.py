"""Customers, each a pure function of the seed and a number: who they are on which channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.simulator.domain.actions import Identifier, Language
from services.simulator.domain.brands import BRANDS_OF, CHANNELS_OF, PUBLIC_CHANNELS, Brand
from services.simulator.domain.draws import Draws, Seeded, listed
from services.simulator.domain.names import Name, draw_name

# Whoever comes often makes up much of the work: the exponent of how customers are drawn.
_SKEW = 1.6
_SECOND_CHANNEL = 0.45
_THIRD_CHANNEL = 0.12
# How likely an account on the channel carries the address or number of its owner.
_SHARES_EMAIL = {"web_chat": 0.9, "mail": 1.0, "wechat": 0.1}
_SHARES_PHONE = {"web_chat": 0.5, "telegram": 0.7, "wechat": 0.6, "mail": 0.15}

# Numbers kept for fiction: 555-0100 to 555-0199 below each of these area codes.
_AREA_CODES = listed(
    "202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 "
    "239 240 248 251 252 253 254 256 260 262 267 269 270 272 276 281 301 302 303 304 305 307 "
    "308 309 310 312 313 314 315 316 317 318 319 320 321 323 325 330 331 334 336 337 339 346 "
    "347 351 352"
)
_PER_AREA_CODE = 100
# China keeps none; blocks of virtual operators whose numbers begin with zeros.
_CHINESE_BLOCKS = ("1700000", "1710000", "1670000", "1650000", "1620000")
_PER_BLOCK = 9_000


@dataclass(frozen=True, slots=True)
class ChannelAccount:
    """The customer on one channel; ``phone`` and ``email`` are empty where they are not shared."""

    author_id: str
    shown_name: str
    email: str = ""
    phone: str = ""

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        told = (("email", self.email), ("phone", self.phone))
        return tuple(Identifier(kind, value) for kind, value in told if value)


@dataclass(frozen=True, slots=True)
class Customer:
    number: int
    language: Language
    name: Name
    brand: Brand
    accounts: Mapping[str, ChannelAccount]


class Customers:
    """``size`` people write in each language."""

    def __init__(self, seeded: Seeded, size: int) -> None:
        self._seeded = seeded
        self._size = max(1, size)
        self._known: dict[tuple[Language, int], Customer] = {}

    def draw(self, draws: Draws, language: Language) -> Customer:
        """Return somebody who writes in the language; low numbers write more often."""
        number = int(self._size * draws.between(0.0, 1.0) ** _SKEW)
        return self.get(language, number)

    def get(self, language: Language, number: int) -> Customer:
        found = self._known.get((language, number))
        if found is None:
            draws = Draws(self._seeded(f"customer/{language}/{number}"))
            found = self._known[language, number] = _customer(draws, language, number)
        return found


def _customer(draws: Draws, language: Language, number: int) -> Customer:
    name = draw_name(draws, language)
    brand = draws.weighted(BRANDS_OF[language])
    channels = [draws.weighted(CHANNELS_OF[language])]
    for probability in (_SECOND_CHANNEL, _THIRD_CHANNEL):
        channel = draws.weighted(CHANNELS_OF[language])
        if draws.happens(probability) and channel not in channels:
            channels.append(channel)
    accounts = {one: _account(draws, one, language, number, name) for one in channels}
    return Customer(number, language, name, brand, accounts)


def _account(
    draws: Draws, channel: str, language: Language, number: int, name: Name
) -> ChannelAccount:
    # Distinct for all people, and of a length that platforms' own identifiers have.
    platform_id = (700_000_000 if language == "en" else 1_700_000_000) + 37 * number
    email = f"{name.latin}{number}@{'example.com' if language == 'en' else 'example.cn'}"
    author_ids = {
        "wechat": f"wx-{platform_id:x}",
        "web_chat": f"shop-{language}{number}",
        "mail": email,
    }
    handle = name.latin.replace(".", "_") + str(number)
    return ChannelAccount(
        author_id=author_ids.get(channel, str(platform_id)),
        shown_name=handle if channel in PUBLIC_CHANNELS else name.full,
        email=email if draws.happens(_SHARES_EMAIL.get(channel, 0.0)) else "",
        phone=_phone(language, number) if draws.happens(_SHARES_PHONE.get(channel, 0.0)) else "",
    )


def _phone(language: Language, number: int) -> str:
    """Return a number of the person's own, or empty when the made-up ones are used up."""
    if language == "en":
        area, last = divmod(number, _PER_AREA_CODE)
        return f"+1{_AREA_CODES[area]}55501{last:02d}" if area < len(_AREA_CODES) else ""
    block, last = divmod(number, _PER_BLOCK)
    return f"+86{_CHINESE_BLOCKS[block]}{1_000 + last}" if block < len(_CHINESE_BLOCKS) else ""
