"""Why an import ended early."""

from __future__ import annotations


class ImportFailedError(RuntimeError):
    """The message says what did not answer and what to do.

    An import that is started again doubles nothing: its events have the same ids.
    """
