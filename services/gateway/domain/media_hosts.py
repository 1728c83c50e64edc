"""Where platforms keep what customers send; media is fetched from these hosts and no others.

"cdn.example.com" is that host, "*.example.com" every host below it. An organisation adds its own.
"""

from __future__ import annotations

from typing import Final

PLATFORM_HOSTS: Final = (
    "api.twilio.com",
    "cdn.discordapp.com",
    "lookaside.fbsbx.com",
    "mmbiz.qpic.cn",
    "obs.line-scdn.net",
    "*.cdninstagram.com",
    "*.douyinpic.com",
    "*.fbcdn.net",
    "*.sinaimg.cn",
    "*.twimg.com",
    "*.twiliocdn.com",
)


def hosts_of(added: str) -> tuple[str, ...]:
    """Return the platforms' hosts and those that a setting adds, separated by commas."""
    own = [one.strip().lower() for one in added.split(",")]
    return (*PLATFORM_HOSTS, *sorted({one for one in own if one}))
