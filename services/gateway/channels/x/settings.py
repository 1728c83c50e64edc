"""What an account on X needs."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class XSettings:
    """``secrets`` are the app's API secret, the current one first: it also signs what goes out.

    Answers go out in the account's own name: with the four keys of OAuth 1.0a, or with an
    OAuth 2.0 user token (``bearer_token``), which X lets expire after two hours.
    """

    secrets: tuple[str, ...] = field(default=(), repr=False)
    consumer_key: str = ""
    access_token: str = field(default="", repr=False)
    access_token_secret: str = field(default="", repr=False)
    bearer_token: str = field(default="", repr=False)
    api_base: str = "https://api.x.com"
    # "", "name" or "initials".
    sign: str = ""
    # Posted where the customer wrote publicly and is answered in private; "" posts nothing.
    private_notice: str = "We have answered you in a direct message."
