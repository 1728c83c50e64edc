"""Expectation maximisation of the Fellegi-Sunter model over counted patterns of agreement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_STEPS = 40
_ROUNDS = 3
_FIRST_SHARE = 0.3
# So many imagined pairs hold to the first guess: they matter where few pairs are seen.
_IMAGINED = 10.0
_ENOUGH_FREE = 3
_LEAST = 1e-6
_FIRST_EQUAL = 0.75
_PRIORS = (1e-9, 0.2)


@dataclass(frozen=True, slots=True)
class Patterns:
    """Distinct patterns of levels (-1 is missing), and how many pairs show each."""

    levels: Ints  # comparisons x patterns
    counts: Floats
    blocked_on: tuple[int, ...]
    scale: float

    @classmethod
    def of(cls, levels: Ints, blocked_on: tuple[int, ...], scale: float) -> Patterns:
        distinct, counts = np.unique(levels, axis=1, return_counts=True)
        return cls(distinct, counts.astype(np.float64), blocked_on, scale)


@dataclass(slots=True)
class Fit:
    match: list[Floats]
    non_match: list[Floats]
    prior: float


def estimate(
    sizes: Sequence[int],
    random: Patterns,
    sessions: Sequence[Patterns],
    presence: Floats,
    records: int,
) -> Fit:
    """Estimate m within the sessions and u among random pairs, each with the other's help.

    ``presence`` is the share of records that have a value, for each comparison.
    """
    non_match = [_shares(random, at, size, random.counts) for at, size in enumerate(sizes)]
    first = [_first_guess(size) for size in sizes]
    fit = Fit(first, non_match, 1 / max(records, 2))
    for _ in range(_ROUNDS):
        pulled: list[Floats] = [_IMAGINED * each for each in first]
        priors: list[float] = []
        for session in sessions:
            match, posterior = _maximise(session, fit, first, records)
            for at, size in enumerate(sizes):
                if at not in session.blocked_on:
                    pulled[at] = pulled[at] + _counted(session, at, size, posterior)
            found = float(posterior.sum()) * session.scale
            recall = 1.0
            for at in session.blocked_on:
                recall *= float(match[at][0]) * float(presence[at]) ** 2
            priors.append(found / max(recall, 0.01) / (records * (records - 1) / 2))
        match = [each / each.sum() for each in pulled]
        prior = float(np.median(priors)) if priors else fit.prior
        fit = Fit(match, fit.non_match, float(np.clip(prior, *_PRIORS)))
        unmatched = random.counts * (1 - _posterior(random, fit, fit.prior, ()))
        fit.non_match = [_shares(random, at, size, unmatched) for at, size in enumerate(sizes)]
    return fit


def _first_guess(size: int) -> Floats:
    """Most matches are equal, the nearer levels commoner than the farther, some differ."""
    rest = np.array([0.6**level for level in range(size - 1)])
    return np.concatenate([[_FIRST_EQUAL], (1 - _FIRST_EQUAL) * rest / rest.sum()])


def _maximise(
    session: Patterns, fit: Fit, first: list[Floats], records: int
) -> tuple[list[Floats], Floats]:
    match, share = list(fit.match), _FIRST_SHARE
    # With little left to compare, what differs would all be taken for another person's.
    is_known = len(fit.match) - len(session.blocked_on) < _ENOUGH_FREE
    if is_known:
        share = _share_of_matches(session, fit, records)
    posterior = np.zeros(0)
    for _ in range(_STEPS):
        trial = Fit(match, fit.non_match, share)
        posterior = session.counts * _posterior(session, trial, share, session.blocked_on)
        if not is_known:
            share = float(np.clip(posterior.sum() / session.counts.sum(), 1e-4, 0.9999))
        match = [
            each
            if at in session.blocked_on
            else _normal(_IMAGINED * first[at] + _counted(session, at, len(each), posterior))
            for at, each in enumerate(match)
        ]
    return match, posterior


def _share_of_matches(session: Patterns, fit: Fit, records: int) -> float:
    """Return what is left of the pairs after those that chance lets agree on the block's values."""
    by_chance = records * (records - 1) / 2
    for at in session.blocked_on:
        by_chance *= float(fit.non_match[at][0])
    pairs = float(session.counts.sum()) * session.scale
    return float(np.clip(1 - by_chance / pairs, 0.02, 0.98))


def _posterior(patterns: Patterns, fit: Fit, share: float, left_out: tuple[int, ...]) -> Floats:
    bits = np.full(patterns.levels.shape[1], np.log(share / (1 - share)))
    for at, (match, non_match) in enumerate(zip(fit.match, fit.non_match, strict=True)):
        if at not in left_out:
            weights = np.append(np.log(match / non_match), 0.0)  # the last stands for missing
            bits += weights[patterns.levels[at]]
    return np.asarray(1 / (1 + np.exp(-np.clip(bits, -60, 60))))


def _counted(patterns: Patterns, at: int, size: int, weights: Floats) -> Floats:
    levels = patterns.levels[at]
    held = levels >= 0
    counted = np.bincount(levels[held], weights[held], minlength=size)
    return counted.astype(np.float64)


def _shares(patterns: Patterns, at: int, size: int, weights: Floats) -> Floats:
    return _normal(_counted(patterns, at, size, weights))


def _normal(counts: Floats) -> Floats:
    smoothed = counts + 0.5 / len(counts)
    return np.asarray(np.maximum(smoothed / smoothed.sum(), _LEAST))
