"""Calls of Meta's Graph API, and what its errors mean for a reply."""

from __future__ import annotations

from collections.abc import Mapping
from json import loads

from services.gateway.channels.meta.webhook import MetaSettings
from services.gateway.domain.outbound import ReplyRefusedError, TryLaterError
from services.gateway.senders.http_answers import json_object, raise_for, retry_after_us
from services.gateway.senders.sender import Platform, PlatformAnswer

# Throttled or out of order for now; Meta says so with statuses from 400 to 500.
_LATER = frozenset({1, 2, 4, 17, 32, 341, 613, 80006, 80007, 130429, 131000, 131016, 131056})
_USAGE_HEADER = "x-business-use-case-usage"
_REGAIN = "estimated_time_to_regain_access"
_MINUTE_US = 60 * 1_000_000
_MOST_MINUTES = 24 * 60
_CREDENTIALS = "renew the account's access_token and check its permissions"
_WINDOW = "the time to answer is over: send an approved template, or answer by e-mail or phone"
_REMEDIES: Mapping[int, str] = {
    10: "the time to answer is over, or the app lacks a permission",
    190: _CREDENTIALS,
    200: _CREDENTIALS,
    131005: _CREDENTIALS,
    131026: "the customer cannot be reached on WhatsApp; answer by e-mail or phone",
    131047: _WINDOW,
    131049: "Meta limits marketing messages to a customer; try again on another day",
    131053: "send the file in a type and size that the platform takes",
    132000: "give as many parameters as the template has",
    132001: "use the name and language of a template that is approved",
    551: "the customer cannot be reached; answer on another channel",
}


async def post(
    path: str, json: Mapping[str, object], settings: MetaSettings, platform: Platform
) -> Mapping[str, object]:
    """Call the API; return its answer. Raise what its error says for the reply."""
    url = f"{settings.api_base.rstrip('/')}/{settings.api_version}/{path}"
    headers = {"authorization": f"Bearer {settings.access_token}"}
    answer = await platform.request("POST", url, headers=headers, json=json)
    _raise_for(answer)
    return json_object(answer)


def _raise_for(answer: PlatformAnswer) -> None:
    error = json_object(answer).get("error")
    if not isinstance(error, dict):
        raise_for(answer)
        return
    code = error.get("code")
    reason = _reason(error)
    if code in _LATER or error.get("is_transient") is True:
        raise TryLaterError(f"Meta answered {code}: {reason}", _wait_us(answer.headers))
    if isinstance(code, int) and code in _REMEDIES:
        raise ReplyRefusedError(str(code), reason, _REMEDIES[code])
    raise_for(answer, code=str(code or ""), reason=reason)


def _wait_us(headers: Mapping[str, str]) -> int:
    """Return how long to wait: Retry-After, else the longest of the limits that Meta reports."""
    try:
        usage = loads(headers.get(_USAGE_HEADER, "{}"))
        minutes = [
            limit[_REGAIN]
            for limits in usage.values()
            for limit in limits
            if type(limit[_REGAIN]) is int
        ]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        minutes = []
    longest = min(max(minutes, default=0), _MOST_MINUTES)
    return retry_after_us(headers) or max(0, longest) * _MINUTE_US


def _reason(error: Mapping[str, object]) -> str:
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else data
    words = (details, error.get("error_user_msg"), error.get("message"), error.get("title"))
    return next((word for word in words if isinstance(word, str) and word), "no reason given")


def text_of(answer: Mapping[str, object], name: str) -> str:
    """Return an id of the answer; "" where it has none."""
    value = answer.get(name)
    return value if isinstance(value, str) else ""
