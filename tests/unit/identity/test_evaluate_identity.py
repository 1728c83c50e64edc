from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.evaluate import app as evaluate
from services.cli.identity import app as identity

Row = dict[str, str]


@pytest.fixture
def people_csv(tmp_path: Path, rows: list[Row]) -> Path:
    path = tmp_path / "people.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["record_id", *rows[0]])
        writer.writeheader()
        writer.writerows({"record_id": str(at), **row} for at, row in enumerate(rows))
    return path


def test_the_figures_of_a_labelled_file_come_as_one_json_object(people_csv: Path) -> None:
    arguments = ["identity", str(people_csv), "--truth", "person", "--id", "record_id", "--json"]
    result = CliRunner().invoke(evaluate, arguments)
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert figures["f1"] > 0.93
    assert figures["true_persons"] == 250
    assert set(figures) >= {
        "precision", "recall", "b_cubed_f1", "mixed_clusters", "records_per_second", "p50_ms",
        "p99_ms",
    }  # fmt: skip


def test_a_truth_that_the_file_lacks_is_said_with_its_columns(people_csv: Path) -> None:
    result = CliRunner().invoke(evaluate, ["identity", str(people_csv), "--truth", "who"])
    assert result.exit_code == 1
    assert "has no column 'who'" in result.stderr


def test_a_column_map_says_what_to_match_by(people_csv: Path, tmp_path: Path) -> None:
    column_map = tmp_path / "map.yaml"
    column_map.write_text("email: email\nsurname: family_name\n", encoding="utf-8")
    arguments = ["identity", str(people_csv), "--truth", "person", "--columns", str(column_map)]
    result = CliRunner().invoke(evaluate, arguments)
    assert result.exit_code == 0, result.output
    assert "email (email), surname (family_name)" in result.stderr.replace("\n", " ")


def test_a_map_with_an_unknown_kind_is_refused(people_csv: Path, tmp_path: Path) -> None:
    column_map = tmp_path / "map.yaml"
    column_map.write_text("email: mail\n", encoding="utf-8")
    arguments = ["identity", str(people_csv), "--truth", "person", "--columns", str(column_map)]
    result = CliRunner().invoke(evaluate, arguments)
    assert result.exit_code == 1
    assert "calls 'email' a 'mail'" in result.stderr.replace("\n", " ")


def test_training_the_same_file_twice_writes_the_same_bytes(
    people_csv: Path, tmp_path: Path
) -> None:
    written = []
    for name in ("a.yaml", "b.yaml"):
        path = tmp_path / name
        result = CliRunner().invoke(identity, ["train", str(people_csv), "-o", str(path)])
        assert result.exit_code == 0, result.output
        written.append(path.read_bytes())
    assert written[0] == written[1]


def test_the_public_thousand_clears_its_bar(shared_folder: Callable[[str], Path]) -> None:
    path = shared_folder("data/identity/fake_1000.csv")
    arguments = ["identity", str(path), "--truth", "cluster", "--id", "unique_id", "--json"]
    result = CliRunner().invoke(evaluate, arguments)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["f1"] >= 0.95
