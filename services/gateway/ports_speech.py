"""Speech to text: what was said in a recorded call, by whom, and when.

Careline brings no recogniser. Whoever has one puts an adapter behind this port; whoever already
gets transcripts (Contact Lens, a vendor's files) uses ``adapters.ready_transcripts``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from services.gateway.domain.transcripts import Transcript


@dataclass(frozen=True, slots=True)
class Recording:
    """``began_at_us``: microseconds since the epoch, UTC; None when the source did not say."""

    call_id: str
    url: str = ""
    media_type: str = ""
    # BCP 47; what the caller most likely speaks.
    language_hint: str = ""
    began_at_us: int | None = None


class SpeechUnavailableError(Exception):
    """The recogniser cannot be reached or is overloaded: try again later."""


class SpeechToText(Protocol):
    async def transcribe(self, recording: Recording) -> Transcript | None:
        """Return the turns in order, with this recording's call id; None when there are none yet.

        The same recording gives the same transcript, so that its messages keep their ids.
        ``began_at_us`` of the recording holds where the transcript does not say. Raise
        ``SpeechUnavailableError``; ``InvalidRequestError`` for a transcript that is none.
        """
        ...
