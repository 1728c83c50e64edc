"""Invented people whose records are corrupted with a seed: to see how general the matching is."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

Row = dict[str, str]

_SYLLABLES = [
    "ka",
    "lo",
    "mi",
    "ren",
    "tas",
    "vel",
    "dor",
    "bri",
    "shan",
    "tol",
    "wes",
    "har",
    "pen",
    "gar",
    "fin",
    "mor",
    "lis",
    "den",
    "cal",
    "rud",
]
_GIVEN = [
    "james",
    "robert",
    "john",
    "michael",
    "david",
    "william",
    "richard",
    "joseph",
    "thomas",
    "charles",
    "christopher",
    "daniel",
    "matthew",
    "anthony",
    "steven",
    "andrew",
    "kenneth",
    "joshua",
    "kevin",
    "edward",
    "mary",
    "patricia",
    "jennifer",
    "linda",
    "elizabeth",
    "barbara",
    "susan",
    "jessica",
    "margaret",
    "sarah",
    "karen",
    "nancy",
    "lisa",
    "betty",
    "helen",
    "sandra",
    "donna",
    "carol",
    "ruth",
    "sharon",
    "michelle",
    "laura",
    "emily",
    "kimberly",
    "deborah",
    "dorothy",
    "amy",
    "angela",
    "ashley",
    "brenda",
]
_SHORT = {
    "james": "jim", "robert": "bob", "michael": "mike", "william": "bill", "richard": "dick",
    "thomas": "tom", "charles": "charlie", "daniel": "dan", "anthony": "tony", "edward": "ted",
    "elizabeth": "liz", "margaret": "peggy", "patricia": "pat", "susan": "sue", "deborah": "debbie",
}  # fmt: skip
_FAMILY = [
    "smith",
    "johnson",
    "williams",
    "brown",
    "jones",
    "miller",
    "davis",
    "wilson",
    "anderson",
    "taylor",
    "thomas",
    "moore",
    "martin",
    "jackson",
    "thompson",
    "white",
    "lopez",
    "harris",
    "clark",
    "lewis",
    "robinson",
    "walker",
    "young",
    "allen",
    "king",
    "wright",
    "scott",
]
_STREETS = [
    "oak",
    "maple",
    "main",
    "church",
    "park",
    "cedar",
    "elm",
    "washington",
    "lake",
    "hill",
    "walnut",
    "spring",
    "ridge",
]
_HAN_FAMILY = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡"
_HAN_GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰文斌宇浩凯健俊帆雪梅婷慧莹宁欣佳琪瑶晨阳"
)
_SOUNDS_ALIKE = {
    "伟": "炜", "芳": "方", "静": "婧", "丽": "莉", "强": "墙", "军": "君", "洋": "阳",
    "杰": "洁", "涛": "滔", "明": "鸣", "英": "瑛", "华": "桦", "文": "雯", "浩": "昊",
    "健": "建", "俊": "峻", "梅": "玫", "婷": "廷", "欣": "新", "佳": "嘉", "琪": "琦", "晨": "辰",
}  # fmt: skip
_TRADITIONAL = {
    "张": "張", "刘": "劉", "陈": "陳", "杨": "楊", "黄": "黃", "赵": "趙", "吴": "吳",
    "孙": "孫", "马": "馬", "罗": "羅", "郑": "鄭", "许": "許", "韩": "韓", "冯": "馮",
    "邓": "鄧", "肖": "蕭", "伟": "偉", "丽": "麗", "强": "強", "军": "軍", "华": "華",
}  # fmt: skip


def voters(persons: int, sources: int, corrupted: float, seed: int) -> list[Row]:
    """Return a voter roll of several sources, at most one record of a person in each."""
    chance = random.Random(seed)
    rows = []
    for person in range(persons):
        truth = _voter(chance)
        for source in range(sources):
            if chance.random() < 0.25:
                continue
            row = dict(truth)
            if chance.random() < corrupted:
                _corrupt_voter(row, chance)
            rows.append({**row, "source": f"s{source}", "person": str(person)})
    return _shuffled(rows, chance)


def chinese(persons: int, corrupted: float, seed: int) -> list[Row]:
    """Return customers with Chinese names."""
    chance = random.Random(seed)
    rows = []
    for person in range(persons):
        name = chance.choice(_HAN_FAMILY) + "".join(
            chance.choice(_HAN_GIVEN) for _ in range(chance.choice((1, 2, 2)))
        )
        truth = {
            "姓名": name,
            "手机": f"1{chance.choice('3578')}{chance.randrange(10**9):09d}",
            "出生日期": _date(chance),
            "性别": chance.choice("男女"),
            "城市": chance.choice(
                ["北京", "上海", "广州", "深圳", "成都", "杭州", "武汉", "西安", "南京", "苏州"]
            ),
            "地址": f"{_han_street(chance)}{chance.randrange(1, 300)}号",
        }
        for _ in range(chance.choice((1, 2, 2, 3, 4))):
            row = dict(truth)
            if chance.random() < corrupted:
                _corrupt_chinese(row, chance)
            rows.append({**row, "person": str(person)})
    return _shuffled(rows, chance)


def organisations(count: int, corrupted: float, seed: int) -> list[Row]:
    """Return companies and restaurants of two directories."""
    chance = random.Random(seed)
    rows = []
    for number in range(count):
        trade = chance.choice(["grill", "cafe", "partners", "systems", "foods"])
        name = f"{_word(chance)} {_word(chance)} {trade}"
        truth = {
            "name": name,
            "street": _street(chance),
            "city": chance.choice(_CITIES),
            "phone": _phone(chance),
            "url": f"http://www.{name.replace(' ', '')}.example",
        }
        for _ in range(chance.choice((1, 2, 2, 3))):
            row = dict(truth)
            if chance.random() < corrupted:
                _corrupt_organisation(row, chance)
            rows.append({**row, "person": str(number)})
    return _shuffled(rows, chance)


_CITIES = [f"{a}{b}ton" for a in _SYLLABLES[:8] for b in _SYLLABLES[8:16]]


def _voter(chance: random.Random) -> Row:
    city = chance.randrange(len(_CITIES))
    family = chance.choice(_FAMILY) if chance.random() < 0.5 else _word(chance)
    return {
        "last_name": family,
        "first_name": chance.choice(_GIVEN) if chance.random() < 0.8 else _word(chance),
        "middle_name": chance.choice(_GIVEN),
        "address": _street(chance),
        "city": _CITIES[city],
        "zip": f"{27000 + city * 3 + chance.randrange(3)}",
        "phone": _phone(chance) if chance.random() < 0.6 else "",
        "birth_year": str(chance.randrange(1930, 2003)),
        "gender": chance.choice("MF"),
    }


def _corrupt_voter(row: Row, chance: random.Random) -> None:
    def moved() -> None:
        row["address"] = _street(chance)
        row["city"] = chance.choice(_CITIES)
        row["zip"] = str(27000 + chance.randrange(200))

    def other_phone() -> None:
        row["phone"] = _phone(chance)

    def married() -> None:
        row["last_name"] = chance.choice(_FAMILY)

    def nickname() -> None:
        row["first_name"] = _SHORT.get(row["first_name"], row["first_name"][:1])

    def swapped() -> None:
        row["first_name"], row["last_name"] = row["last_name"], row["first_name"]

    def initial() -> None:
        row["middle_name"] = row["middle_name"][:1]

    _apply(row, chance, (moved, other_phone, married, nickname, swapped, initial))


def _corrupt_chinese(row: Row, chance: random.Random) -> None:
    def homophone() -> None:
        row["姓名"] = "".join(_SOUNDS_ALIKE.get(each, each) for each in row["姓名"])

    def traditional() -> None:
        row["姓名"] = "".join(_TRADITIONAL.get(each, each) for each in row["姓名"])

    def other_phone() -> None:
        row["手机"] = f"1{chance.choice('3578')}{chance.randrange(10**9):09d}"

    def moved() -> None:
        row["地址"] = f"{_han_street(chance)}{chance.randrange(1, 300)}号"

    _apply(row, chance, (homophone, traditional, other_phone, moved))


def _corrupt_organisation(row: Row, chance: random.Random) -> None:
    def legal_form() -> None:
        row["name"] += chance.choice((" inc.", " llc", " ltd"))

    def shortened() -> None:
        row["name"] = " ".join(row["name"].split()[:2])

    def no_phone() -> None:
        row["phone"] = ""

    _apply(row, chance, (legal_form, shortened, no_phone))


def _apply(row: Row, chance: random.Random, ways: tuple[Callable[[], None], ...]) -> None:
    """Corrupt one to three times: in a way of the kind, by a typing error, by leaving out."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        which = chance.random()
        column = chance.choice(list(row))
        if which < 0.45:
            chance.choice(ways)()
        elif which < 0.85:
            row[column] = _mistyped(row[column], chance)
        else:
            row[column] = ""


def _mistyped(text: str, chance: random.Random) -> str:
    if len(text) < 2:
        return text
    at = chance.randrange(len(text) - 1)
    typed = chance.choice("0123456789") if text[at].isdigit() else chance.choice("aeionrst")
    return chance.choice(
        (
            text[:at] + text[at + 1 :],
            text[:at] + typed + text[at + 1 :],
            text[:at] + text[at + 1] + text[at] + text[at + 2 :],
        )
    )


def _word(chance: random.Random) -> str:
    return "".join(chance.choice(_SYLLABLES) for _ in range(chance.choice((2, 2, 3))))


def _street(chance: random.Random) -> str:
    street = chance.choice(_STREETS) if chance.random() < 0.5 else _word(chance)
    return f"{chance.randrange(1, 2000)} {street} {chance.choice(('st', 'ave', 'rd', 'dr'))}"


def _han_street(chance: random.Random) -> str:
    return chance.choice(
        ["中山", "人民", "解放", "建设", "和平", "新华", "文化", "胜利"]
    ) + chance.choice("路街")


def _phone(chance: random.Random) -> str:
    return (
        f"({chance.randrange(200, 990)}) {chance.randrange(200, 990)}-{chance.randrange(10**4):04d}"
    )


def _date(chance: random.Random) -> str:
    year, month, day = (
        chance.randrange(1945, 2006),
        chance.randrange(1, 13),
        chance.randrange(1, 29),
    )
    return f"{year}-{month:02d}-{day:02d}"


def _shuffled(rows: list[Row], chance: random.Random) -> list[Row]:
    chance.shuffle(rows)
    return [{"record_id": str(number), **row} for number, row in enumerate(rows)]


def one_record_each(persons: int, seed: int) -> Iterator[Row]:
    """Yield people as they come: nine of ten are new, the tenth is a corrupted earlier one."""
    chance = random.Random(seed)
    earlier: list[Row] = []
    for number in range(persons):
        if earlier and chance.random() < 0.1:
            row = dict(chance.choice(earlier))
            _corrupt_voter(row, chance)
        else:
            row = _voter(chance) | {
                "email": f"{_word(chance)}.{_word(chance)}{chance.randrange(99)}@mail.example",
                "birth_date": _date(chance),
            }
            del row["birth_year"]
            if len(earlier) < 50_000:
                earlier.append(row)
        yield {"record_id": str(number), **row, "person": ""}
