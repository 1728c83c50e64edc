"""What an account on Slack needs."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """``secrets`` are the app's signing secret; answers go out with ``bot_token`` ("xoxb-…")."""

    secrets: tuple[str, ...] = field(default=(), repr=False)
    bot_token: str = field(default="", repr=False)
    api_base: str = "https://slack.com"
    # "", "name" or "initials".
    sign: str = ""
