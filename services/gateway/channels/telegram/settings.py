"""What a bot on Telegram needs."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TelegramSettings:
    """``secrets`` are the secret_token given to setWebhook, ``bot_token`` is BotFather's."""

    secrets: tuple[str, ...] = field(default=(), repr=False)
    bot_token: str = field(default="", repr=False)
    api_base: str = "https://api.telegram.org"
    # "", "name" or "initials".
    sign: str = ""
