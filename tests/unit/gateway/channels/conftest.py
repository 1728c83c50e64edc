"""Changes that Hypothesis makes to payloads, the same for every channel."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st

_DEEPEST = 8
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([2**63, -(2**63) - 1, "", "0", "1.5", "\ud800", "x" * 600])
    | st.text(max_size=5)
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=4,
)


@st.composite
def _changed(draw: st.DrawFn, payload: Any) -> Any:
    root = copy.deepcopy(payload)
    holder = root
    for _ in range(_DEEPEST):
        keys = sorted(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            break
        key = draw(st.sampled_from(keys))
        if isinstance(holder[key], dict | list) and draw(st.integers(0, 3)):
            holder = holder[key]
            continue
        if isinstance(holder, dict) and draw(st.booleans()):
            del holder[key]
        else:
            holder[key] = draw(_JSON)
        break
    return root


@pytest.fixture(scope="session")
def changed() -> Callable[[Any], st.SearchStrategy[Any]]:
    """Return a strategy of payloads that differ from a given one at one place, at any depth."""
    return _changed
