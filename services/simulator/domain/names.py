"""People's names in two cultures; a Chinese name also in Latin letters, as addresses write it."""

from __future__ import annotations

from dataclasses import dataclass

from services.simulator.domain.actions import Language
from services.simulator.domain.draws import Draws, listed

_ENGLISH_GIVEN = listed(
    "Amelia Oliver Grace Harry Priya Daniel Chloe Marcus Fatima George Hannah Kwame Isla Liam "
    "Megan Noah Olivia Rhys Sofia Thomas Aisha Ben Charlotte Declan Emily Finn Georgia Hugo "
    "Ines Jack Keira Leon Maya Nathan Orla Patrick Rosa Samuel Tara Victor"
)
_ENGLISH_FAMILY = listed(
    "Adams Bailey Carter Davies Ellis Foster Green Hughes Irving Johnson Khan Lewis Murphy "
    "Nolan Okafor Parker Quinn Roberts Singh Taylor Underwood Vaughan Walker Young Ahmed "
    "Brooks Clarke Doyle Evans Fletcher Gibson Harris Jensen Kelly Lawson Morgan Novak "
    "Osborne Patel Reid"
)
# Written and in Latin letters.
_CHINESE_FAMILY = listed(
    "王wang 李li 张zhang 刘liu 陈chen 杨yang 赵zhao 黄huang 周zhou 吴wu 徐xu 孙sun 胡hu 朱zhu "
    "高gao 林lin 何he 郭guo 马ma 罗luo 梁liang 宋song 郑zheng 谢xie 韩han 唐tang 冯feng 于yu "
    "董dong 萧xiao"
)
_CHINESE_GIVEN = listed(
    "伟wei 芳fang 娜na 敏min 静jing 磊lei 洋yang 勇yong 艳yan 杰jie 娟juan 涛tao 超chao 霞xia "
    "平ping 子涵zihan 雨欣yuxin 浩然haoran 欣怡xinyi 宇轩yuxuan 思远siyuan 佳琪jiaqi "
    "文博wenbo 晓彤xiaotong 志强zhiqiang 丽华lihua 建国jianguo 美玲meiling 俊熙junxi "
    "梓萱zixuan 一诺yinuo 梦瑶mengyao 天佑tianyou 书瑶shuyao 明轩mingxuan 婉清wanqing "
    "立新lixin 春燕chunyan 海波haibo 若曦ruoxi"
)


@dataclass(frozen=True, slots=True)
class Name:
    """``called`` is what an agent says, ``latin`` what an address or a handle is made of."""

    full: str
    called: str
    latin: str


def draw_name(draws: Draws, language: Language) -> Name:
    if language == "en":
        given, family = draws.pick(_ENGLISH_GIVEN), draws.pick(_ENGLISH_FAMILY)
        return Name(f"{given} {family}", given, f"{given}.{family}".lower())
    family, family_latin = _split(draws.pick(_CHINESE_FAMILY))
    given, given_latin = _split(draws.pick(_CHINESE_GIVEN))
    return Name(family + given, family + given, f"{family_latin}.{given_latin}")


def _split(entry: str) -> tuple[str, str]:
    written = "".join(character for character in entry if not character.isascii())
    return written, entry[len(written) :]
