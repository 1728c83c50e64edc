"""Stops the reading of XML that is nested deeper than any feed."""

from __future__ import annotations

from xml.sax.handler import ContentHandler  # nosec: only the handler's interface

_DEEPEST = 100


class TooDeepError(Exception):
    """No feed is nested so deeply."""


class DepthGuard(ContentHandler):
    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def startElement(self, name: str, attrs: object) -> None:  # noqa: N802  # SAX's own name
        _ = name, attrs
        self._depth += 1
        if self._depth > _DEEPEST:
            raise TooDeepError

    def endElement(self, name: str) -> None:  # noqa: N802  # SAX's own name
        _ = name
        self._depth -= 1
