from __future__ import annotations

import numpy as np
import pytest

from services.identity.matching.columns import guessed
from services.identity.matching.expectation import Patterns, estimate
from services.identity.matching.measures import quality
from services.identity.matching.model import Model, ModelError, dump, load
from services.identity.matching.training import TooFewRecordsError, train


def test_training_twice_gives_the_same_bytes(rows: list[dict[str, str]], model: Model) -> None:
    again = train(guessed(list(rows[0]), ["person"], rows), rows)
    assert dump(again) == dump(model)
    assert again.version == model.version


def test_a_written_model_reads_back_as_itself(model: Model) -> None:
    assert dump(load(dump(model))) == dump(model)


def test_a_changed_weight_is_another_version(model: Model) -> None:
    changed = dump(model).replace("probability_two_random_records_match: ", "&x ", 1)
    with pytest.raises(ModelError, match="lacks a part or has one misplaced"):
        load(changed.replace("&x ", "probability: "))
    halved = load(
        dump(model).replace(
            f"probability_two_random_records_match: {model.prior}",
            f"probability_two_random_records_match: {model.prior / 2}",
        )
    )
    assert halved.version != model.version


@pytest.mark.parametrize("text", ["[", "just text", "format: 99"])
def test_what_is_no_model_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ModelError, match=r"YAML|format"):
        load(text)


def test_a_model_of_other_levels_is_refused(model: Model) -> None:
    with pytest.raises(ModelError, match="train it anew"):
        load(dump(model).replace("agreement: one digit off", "agreement: two digits off"))


def test_agreement_weighs_for_and_difference_against(model: Model) -> None:
    for levels in model.levels:
        assert levels.weight(0) > 0 > levels.weight(len(levels.match) - 1)


def test_a_rare_term_weighs_more_than_a_frequent_one(model: Model) -> None:
    at = [each.name for each in model.comparisons].index("family_name")
    frequencies = model.levels[at].frequencies[0]
    frequent = max(frequencies, key=lambda term: frequencies[term])
    levels = model.levels[at]
    assert levels.weight(0, levels.rare) > levels.weight(0, frequencies[frequent])


def test_one_record_is_too_few_to_learn_from() -> None:
    with pytest.raises(TooFewRecordsError, match="at least two records"):
        train({"name": "full_name"}, [{"name": "Ada King"}])


def test_expectation_maximisation_finds_the_probabilities_that_made_the_pairs() -> None:
    chance = np.random.default_rng(5)
    match, non_match = np.array([0.85, 0.1, 0.05]), np.array([0.02, 0.08, 0.9])

    def drawn(pairs: int, share: float) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        is_match = chance.random(pairs) < share
        return np.stack(
            [
                np.where(
                    is_match, chance.choice(3, pairs, p=match), chance.choice(3, pairs, p=non_match)
                )
                for _ in range(5)
            ]
        )

    random = Patterns.of(drawn(100_000, 0.0), (), 1.0)
    sessions = [Patterns.of(drawn(20_000, 0.4), (at,), 1.0) for at in (0, 1)]
    fit = estimate([3] * 5, random, sessions, np.ones(5), 10_000)
    for at in range(5):
        assert np.allclose(fit.match[at], match, atol=0.03)
        assert np.allclose(fit.non_match[at], non_match, atol=0.01)


def test_quality_of_a_known_clustering() -> None:
    found = quality([1, 1, 1, 2, 2], ["a", "a", "b", "b", "b"])
    assert (found.precision, found.recall, found.f1) == (0.5, 0.5, 0.5)
    assert found.b_cubed_precision == pytest.approx((2 * 2 / 3 + 1 / 3 + 2) / 5)
    assert found.b_cubed_recall == pytest.approx((2 + 1 / 3 + 2 * 2 / 3) / 5)
    assert (found.clusters, found.mixed_clusters) == (2, 1)
