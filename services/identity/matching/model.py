"""The frozen model: what each level of agreement weighs, in bits; as YAML a person can review."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from services.identity.matching.columns import KINDS
from services.identity.matching.comparisons import Comparison, comparisons_of

FORMAT = 1
# Probabilities are written with so many digits: enough for weights to the hundredth of a bit.
_DIGITS = 5


class ModelError(ValueError):
    """The file is no model that this version reads."""


@dataclass(frozen=True, slots=True)
class Levels:
    """For each level of a comparison, how often matches and non-matches agree just so."""

    match: tuple[float, ...]
    non_match: tuple[float, ...]
    # The frequency of frequent terms, by level; a term that is not listed is rare.
    frequencies: Mapping[int, Mapping[str, float]]
    rare: float

    def weight(self, level: int, frequency: float | None = None) -> float:
        """Return the bits of agreement at the level, on a term of that frequency if on one."""
        chance = self.non_match[level] if frequency is None else frequency
        return math.log2(self.match[level] / chance)


@dataclass(frozen=True, slots=True)
class Model:
    kinds: Mapping[str, str]
    comparisons: tuple[Comparison, ...]
    levels: tuple[Levels, ...]
    # The probability that two records taken at random are one person's.
    prior: float
    trained_on: int

    @property
    def prior_bits(self) -> float:
        return math.log2(self.prior / (1 - self.prior))

    @property
    def version(self) -> str:
        """Name the content: two models of one version weigh alike."""
        return hashlib.blake2b(dump(self).encode(), digest_size=6).hexdigest()


def dump(model: Model) -> str:
    """Write the model; equal models give equal bytes."""
    document = {
        "format": FORMAT,
        "trained_on_records": model.trained_on,
        "probability_two_random_records_match": _rounded(model.prior),
        "columns": dict(model.kinds),
        "comparisons": [
            {
                "name": comparison.name,
                "rare_term": _rounded(levels.rare),
                "levels": [
                    {
                        "agreement": words,
                        "weight_bits": round(math.log2(match / non_match), 2),
                        "among_matches": _rounded(match),
                        "among_non_matches": _rounded(non_match),
                        **(
                            {"terms": {t: _rounded(f) for t, f in levels.frequencies[at].items()}}
                            if at in levels.frequencies
                            else {}
                        ),
                    }
                    for at, (words, match, non_match) in enumerate(
                        zip(comparison.levels, levels.match, levels.non_match, strict=True)
                    )
                ],
            }
            for comparison, levels in zip(model.comparisons, model.levels, strict=True)
        ],
    }
    return str(yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=100))


def load(text: str) -> Model:
    """Read a model that :func:`dump` wrote, perhaps with weights that a person has changed."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ModelError(f"the model is not YAML: {error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ModelError(f"the model must be a mapping with format: {FORMAT}; train it anew")
    try:
        kinds = {str(column): str(kind) for column, kind in document["columns"].items()}
        comparisons = comparisons_of(kinds)
        unknown = sorted(set(kinds.values()) - set(KINDS))
        written = [
            (each["name"], *(level["agreement"] for level in each["levels"]))
            for each in document["comparisons"]
        ]
        if unknown or written != [(each.name, *each.levels) for each in comparisons]:
            raise ModelError("the model's comparisons are not those of its columns; train it anew")
        return Model(
            kinds,
            tuple(comparisons),
            tuple(map(_levels, document["comparisons"])),
            float(document["probability_two_random_records_match"]),
            int(document["trained_on_records"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"the model lacks a part or has one misplaced: {error!r}") from error


def _levels(document: Mapping[str, Any]) -> Levels:
    levels: Sequence[Mapping[str, Any]] = document["levels"]
    return Levels(
        tuple(float(each["among_matches"]) for each in levels),
        tuple(float(each["among_non_matches"]) for each in levels),
        {
            at: {str(term): float(value) for term, value in each["terms"].items()}
            for at, each in enumerate(levels)
            if "terms" in each
        },
        float(document["rare_term"]),
    )


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
