"""The two brands, their goods, and the channels on which their customers write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from services.simulator.domain.actions import Language
from services.simulator.domain.draws import Draws

ORGANISATION = "demo"


@dataclass(frozen=True, slots=True)
class Product:
    english: str
    chinese: str
    # In the brand's own currency.
    price: int

    def called(self, language: Language) -> str:
        return self.english if language == "en" else self.chinese


@dataclass(frozen=True, slots=True)
class Brand:
    """``order_format`` takes a number of seven digits."""

    brand_id: str
    english: str
    chinese: str
    order_format: str
    products: Sequence[Product]

    def called(self, language: Language) -> str:
        return self.english if language == "en" else self.chinese


LUMIO = Brand(
    "lumio",
    "Lumio",
    "Lumio",
    "LM-{:07d}",
    (
        Product("Aura lamp", "Aura 台灯", 79),
        Product("Breeze air purifier", "Breeze 空气净化器", 249),
        Product("Tidy robot vacuum", "Tidy 扫地机器人", 399),
        Product("Knock doorbell", "Knock 智能门铃", 129),
        Product("Dawn wake-up light", "Dawn 唤醒灯", 59),
        Product("Warmth thermostat", "Warmth 温控器", 149),
    ),
)
QINGHE = Brand(
    "qinghe",
    "Qinghe",
    "清禾",
    "QH{:07d}",
    (
        Product("Longjing gift box", "龙井礼盒", 39),
        Product("travel tea set", "旅行茶具", 49),
        Product("linen bedding set", "亚麻四件套", 119),
        Product("silk pillowcase", "真丝枕套", 35),
        Product("bamboo lunch box", "竹制饭盒", 25),
        Product("feather quilt", "羽绒被", 189),
    ),
)
BRANDS: Sequence[Brand] = (LUMIO, QINGHE)

# How much of a language's conversations a brand has.
BRANDS_OF: Mapping[Language, Sequence[tuple[Brand, float]]] = MappingProxyType(
    {"en": ((LUMIO, 0.75), (QINGHE, 0.25)), "zh": ((LUMIO, 0.35), (QINGHE, 0.65))}
)
CHANNELS_OF: Mapping[Language, Sequence[tuple[str, float]]] = MappingProxyType(
    {
        "en": (("web_chat", 0.32), ("telegram", 0.26), ("x", 0.22), ("mail", 0.20)),
        "zh": (("wechat", 0.42), ("web_chat", 0.24), ("weibo", 0.18), ("telegram", 0.16)),
    }
)
CHANNELS: Sequence[str] = ("web_chat", "telegram", "wechat", "x", "weibo", "mail")
# Anybody can read along.
PUBLIC_CHANNELS = frozenset({"x", "weibo"})
# A customer has one thread there for ever; elsewhere each conversation begins its own.
ONE_TO_ONE_CHANNELS = frozenset({"telegram", "wechat"})

CITIES: Mapping[Language, Sequence[str]] = MappingProxyType(
    {
        "en": ("Leeds", "Bristol", "Dublin", "Cardiff", "Glasgow", "Boston", "Toronto", "Norwich"),
        "zh": ("杭州", "成都", "广州", "武汉", "南京", "西安", "青岛", "厦门"),
    }
)


def amount(draws: Draws, product: Product, language: Language) -> str:
    """Return a sum of money near the product's price, as the customer would write it."""
    price = product.price * draws.between(0.5, 1.1)
    return f"£{price:.2f}" if language == "en" else f"{price * 7:.0f}元"
