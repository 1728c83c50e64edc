"""What a relay, a library or a test takes out of Meta's envelope, put back into it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from services.gateway.domain.fields import Fields

# What comes at the top where a relay has taken the envelope away.
_PARTIES = frozenset({"sender", "recipient"})
_LONE_VALUE = frozenset({"messages", "statuses", "message_echoes", "smb_message_echoes", "calls"})
LISTS = frozenset({"messaging", "standby", "changes"})
# One WhatsApp status and one WhatsApp message, by the names that they cannot do without.
_LONE_STATUS = frozenset({"id", "status"})
_LONE_MESSAGES = (frozenset({"id", "from", "type"}), frozenset({"id", "from_user_id", "type"}))
# What Meta's dashboard puts around the change that it sends as a test.
_SAMPLE = "sample"
_CAPITAL = re.compile(r"(?<=[a-z])[A-Z]")


def in_envelope(root: Fields) -> Fields:
    """Return the webhook that this is, or that it came out of."""
    if "entry" in root:
        return root
    names, values = set(root.names()), root.values()
    if _SAMPLE in names:
        return in_envelope(root.object(_SAMPLE))
    if "value" in names:  # one change
        inner = values["value"]
        change = inner if isinstance(inner, dict) and set(inner) == {"value"} else values
        return Fields({"entry": {"changes": change}}, "")
    if names & LISTS:
        return Fields({"entry": values}, "")
    if names & _PARTIES:
        return Fields({"entry": {"messaging": _in_metas_words(values)}}, "")
    return Fields({"entry": {"changes": _change_of(root)}}, "")


def _change_of(value: Fields) -> Mapping[str, object]:
    """Return the change that a value, or one item of its lists, came out of."""
    names, values = set(value.names()), value.values()
    if names & _LONE_VALUE:
        return {"field": "messages", "value": values}
    if names >= _LONE_STATUS:
        return {"field": "messages", "value": {"statuses": values}}
    if any(names >= lone for lone in _LONE_MESSAGES):
        return {"field": "messages", "value": {"messages": values}}
    if "media" in names:
        return {"field": "comments", "value": values}
    if "item" not in names:
        value.complain("entry", "is missing")
    return {"field": "feed", "value": values}


def _in_metas_words(value: object) -> object:
    """Undo what libraries do to the names: "isEcho" is "is_echo"."""
    if isinstance(value, dict):
        return {_CAPITAL.sub(_as_snake, name): _in_metas_words(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_in_metas_words(one) for one in value]
    return value


def _as_snake(capital: re.Match[str]) -> str:
    return f"_{capital[0].lower()}"
