"""The promises that hold until an organisation states its own, as data like any others."""

from __future__ import annotations

from typing import Any, Final

_RESOLUTION: Final = {"within": "24h", "warn_at_percent": 80, "pause_in": ["pending"]}


def _promise(policy_id: str, first_response: str, channels: list[str]) -> dict[str, Any]:
    return {
        "id": policy_id,
        "version": "1",
        "calendar": "around-the-clock",
        **({"when": {"channels": channels}} if channels else {}),
        "targets": {
            "first_response": {"within": first_response, "warn_at_percent": 80},
            "resolution": _RESOLUTION,
        },
    }


# Round the clock, because an organisation's hours are its own to say and customers write at night.
# The nearer a channel is to talking, the sooner silence is noticed.
DEFAULT_POLICIES: Final[dict[str, Any]] = {
    "calendars": [{"id": "around-the-clock", "version": "1", "time_zone": "UTC", "hours": None}],
    "policies": [
        _promise("live", "5m", ["web_chat", "phone"]),
        _promise(
            "messaging",
            "30m",
            [
                "wechat",
                "wecom",
                "whatsapp",
                "messenger",
                "instagram",
                "telegram",
                "line",
                "slack",
                "sms",
            ],
        ),
        _promise("written", "4h", ["mail", "helpdesk", "forum", "app_review"]),
        # Public posts (x, weibo, douyin, …), webhooks, and whatever no policy above names.
        _promise("everything-else", "1h", []),
    ],
}
