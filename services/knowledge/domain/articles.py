"""An article of an organisation's knowledge base."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

_ID_BYTES = 16


class InvalidArticleError(ValueError):
    """The article cannot be kept; the message names what it lacks."""


@dataclass(frozen=True, slots=True)
class Article:
    """``language`` is BCP 47, or empty. The same article may exist in several languages."""

    article_id: str
    organisation_id: str
    language: str
    title: str
    body: str

    def check(self) -> None:
        """Raise :class:`InvalidArticleError` where the article has no identity or no text."""
        for name in ("article_id", "organisation_id"):
            if not getattr(self, name):
                raise InvalidArticleError(f"has no {name}")
        if not self.title.strip() and not self.body.strip():
            raise InvalidArticleError("has neither a title nor a body")

    @property
    def document_id(self) -> str:
        """Return an id that only the same article in the same language has."""
        parts = (self.organisation_id, self.article_id, self.language)
        name = "".join(f"{len(part)}:{part}" for part in parts)
        return blake2b(name.encode(), digest_size=_ID_BYTES).hexdigest()
