from __future__ import annotations

import random

import pytest

from services.identity.matching.columns import guessed
from services.identity.matching.model import Model
from services.identity.matching.training import train

Row = dict[str, str]

GIVEN = [
    "ada", "ben", "cleo", "dora", "emil", "fay", "gus", "hana", "ivo", "jean", "kurt", "lena",
    "milo", "nora", "otto", "pia",
]  # fmt: skip
FAMILY = [
    "abbot", "birch", "castle", "dunmore", "elwood", "fenwick", "garland", "hollis", "ingram",
    "jasper", "kendal",
]  # fmt: skip


def people(count: int, seed: int) -> list[Row]:
    """Return records of invented people, one to four of each, some with errors; shuffled."""
    chance = random.Random(seed)
    rows = []
    for person in range(count):
        truth = {
            "given_name": chance.choice(GIVEN) + chance.choice(("", "bel", "rin", "tor")),
            "surname": chance.choice(FAMILY) + chance.choice(("", "son", "by", "ton")),
            "dob": f"{chance.randrange(1950, 2005)}-{chance.randrange(1, 13):02d}-"
            f"{chance.randrange(1, 29):02d}",
            "city": chance.choice(("york", "leeds", "hull", "bath", "derby")),
            "email": f"{chance.randrange(10**9):09d}x@mail.example",
        }
        for _ in range(chance.randrange(1, 5)):
            row = dict(truth)
            for column in ("given_name", "surname", "dob", "city", "email"):
                if chance.random() < 0.12:
                    row[column] = ""
                elif chance.random() < 0.1:
                    at = chance.randrange(len(row[column]))
                    row[column] = row[column][:at] + row[column][at + 1 :]
            rows.append({**row, "person": str(person)})
    chance.shuffle(rows)
    return rows


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    return people(250, seed=3)


@pytest.fixture(scope="session")
def model(rows: list[Row]) -> Model:
    return train(guessed(list(rows[0]), ["person"], rows), rows)
