"""What an acknowledgement says, in the customer's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

# Where the time that an answer takes stands in a text, and its number in the time.
WAIT: Final = "{wait}"
NUMBER: Final = "{number}"

# Serves those whose language has no texts, unless the organisation names another.
DEFAULT_LANGUAGE: Final = "en"

_MINUTE_US: Final = 60 * 1_000_000
_STEP_MINUTES: Final = 5
# From here on in hours.
_MOST_MINUTES: Final = 90


@dataclass(frozen=True, slots=True)
class Wording:
    """One language's texts. ``wait`` holds ``{wait}``; where it is empty, ``soon`` stands for it.

    ``minutes`` and ``hours`` hold ``{number}``: 5 to 90 in steps of 5, and 2 or more; so neither
    needs a singular.
    """

    soon: str
    wait: str = ""
    minutes: str = "{number} min"
    hours: str = "{number} h"


BUILT_IN: Final[Mapping[str, Wording]] = MappingProxyType(
    {
        "en": Wording(
            soon="Thank you for your message. We have it and will answer soon.",
            wait="Thank you for your message. We have it; an answer takes about {wait}.",
            minutes="{number} minutes",
            hours="{number} hours",
        ),
        "zh": Wording(
            soon="您好，您的消息已收到，我们会尽快回复您。",
            wait="您好，您的消息已收到，我们预计在 {wait}左右回复您。",
            minutes="{number} 分钟",
            hours="{number} 小时",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Wordings:
    """Texts by BCP 47 language, in lower case; ``default`` serves everybody else."""

    by_language: Mapping[str, Wording]
    default: str = DEFAULT_LANGUAGE

    def text(self, language: str, wait_us: int | None) -> str:
        """Return the text; ``wait_us``: how long an answer takes, None where nobody knows."""
        wording = self.by_language[self._nearest(language)]
        if wait_us is None or wait_us <= 0 or not wording.wait:
            return wording.soon
        return wording.wait.replace(WAIT, _duration(wording, wait_us))

    def _nearest(self, language: str) -> str:
        """Return the language itself, or the nearest that it is a kind of ("de" for "de-AT")."""
        subtags = language.lower().replace("_", "-").split("-")
        for length in range(len(subtags), 0, -1):
            nearest = "-".join(subtags[:length])
            if nearest in self.by_language:
                return nearest
        return self.default


BUILT_IN_ONLY: Final = Wordings(BUILT_IN)


def _duration(wording: Wording, wait_us: int) -> str:
    """Say it in round numbers and never less than it is."""
    minutes = -(-wait_us // _MINUTE_US)
    minutes += -minutes % _STEP_MINUTES
    if minutes <= _MOST_MINUTES:
        return wording.minutes.replace(NUMBER, str(minutes))
    return wording.hours.replace(NUMBER, str(-(-minutes // 60)))
