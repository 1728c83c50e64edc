"""Transcripts that somebody else has made: Contact Lens output, or the plain form, as files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from urllib.parse import quote

from services.gateway.channels.loose import Loose, read_object
from services.gateway.channels.transcripts import (
    is_contact_lens,
    is_plain,
    read_contact_lens,
    read_plain,
)
from services.gateway.domain.inbound import InvalidRequestError
from services.gateway.domain.transcripts import Transcript
from services.gateway.ports_speech import Recording

# Returns a file's bytes, None when there is none; raises SpeechUnavailableError.
Fetch = Callable[[str], Awaitable[bytes | None]]


class ReadyTranscripts:
    """``address``: where a call's transcript lies, with "{call_id}" in it."""

    def __init__(self, fetch: Fetch, address: str) -> None:
        if "{call_id}" not in address:
            raise ValueError('the address of transcripts has "{call_id}" where the call\'s id goes')
        self._fetch = fetch
        self._address = address

    async def transcribe(self, recording: Recording) -> Transcript | None:
        # An id with a slash names no other folder.
        call_id = quote(recording.call_id, safe="")
        body = await self._fetch(self._address.replace("{call_id}", call_id))
        if body is None:
            return None
        found = _read(read_object(body), recording)
        language = found.language or recording.language_hint
        return replace(found, call_id=recording.call_id, language=language)


def _read(record: Loose, recording: Recording) -> Transcript:
    if is_contact_lens(record):
        return read_contact_lens(record, recording.began_at_us)
    if is_plain(record):
        return read_plain(record, recording.began_at_us)
    raise InvalidRequestError("body", "is no transcript; see docs/channels/calls.md for its forms")
