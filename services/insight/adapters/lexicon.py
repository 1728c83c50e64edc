"""The lexicon that ships with the product, as YAML beside this module."""

from __future__ import annotations

from importlib import resources

import yaml

from services.insight.domain.sentiment import Lexicon


class PackagedLexicon:
    """Satisfies :class:`services.insight.ports.LexiconSource`."""

    def load(self) -> Lexicon:
        text = resources.files(__package__).joinpath("lexicon.yaml").read_text(encoding="utf-8")
        document = yaml.safe_load(text)
        weights = {
            word: float(weight)
            for weight, words in document["weights"].items()
            for word in words.split()
        }
        intensifiers = {
            word: float(factor)
            for factor, words in document["intensifiers"].items()
            for word in words.split()
        }
        return Lexicon(
            version=document["version"],
            weights=weights,
            negations=frozenset(document["negations"].split()),
            intensifiers=intensifiers,
        )
