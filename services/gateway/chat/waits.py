"""How long a customer waits, as far as it is known."""

from __future__ import annotations


class UnknownWaits:
    """Implements ``ExpectedWaits`` while nobody publishes them: the widget promises nothing."""

    def seconds(self, organisation: str, channel: str) -> float | None:
        _ = organisation, channel
        return None
