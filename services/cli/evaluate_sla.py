"""``careline evaluate sla``: cases of service promises with worked numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.output import FAILED, fail, out, plainly, print_json
from services.kpi.domain import conformance as reports
from services.sla.domain.conformance import CaseResult, Verdict, run_cases
from services.sla.domain.plain_data import DataError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The cases, as JSON.")]


@plainly
def sla(file: File, as_json: Json = False) -> None:
    """Run cases of service promises: a line per case; exit 1 on a failure."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        fail(f"{file} is not JSON: {error}")
    try:
        ran = run_cases(document)
    except DataError as error:
        fail(f"{file}: {error}")
    # A result for every case, in the same order: names may be missing, or stand twice.
    results = [_reported(case, each) for case, each in zip(document["cases"], ran, strict=True)]
    failed = [each for each in results if each.verdict == "failed"]
    # To decline a case that is marked as optional is one of its right answers.
    passed = [each for each in results if each.verdict in {"ok", "declined"}]
    if as_json:
        print_json(
            {
                "passed": len(passed),
                "failed": len(failed),
                "cases": [
                    {
                        "case": each.case_id,
                        "verdict": each.verdict,
                        "expected": each.expected,
                        "actual": _shown(each),
                        "reason": each.reason,
                    }
                    for each in results
                ],
            }
        )
    else:
        for each in results:
            out.print(_line(each), highlight=False, markup=False, soft_wrap=True)
        out.print(f"{len(passed)} passed, {len(failed)} failed", highlight=False)
    if failed:
        raise typer.Exit(FAILED)


def _reported(case: Any, result: CaseResult) -> CaseResult:
    """Answer what asks about a report and not about a promise: that is the KPIs' to say."""
    if result.verdict != "out of scope":
        return result
    expect = case.get("expect")
    if not isinstance(expect, dict):
        return replace(result, verdict="failed", reason="'expect' is missing")
    try:
        actual = reports.actual(case)
    except reports.ReportCaseError as error:
        return replace(result, verdict="failed", expected=expect, reason=str(error))
    chosen = _by_the_keys_of(expect, actual)
    verdict: Verdict = "ok" if chosen == expect else "failed"
    return CaseResult(result.case_id, verdict, expect, chosen)


def _by_the_keys_of(expect: dict[str, Any], actual: dict[str, Any]) -> dict[str, Any]:
    """Return of what came out what a case asks for; it need not name every figure."""
    chosen = {key: actual[key] for key in expect if key in actual}
    return {
        key: _by_the_keys_of(expect[key], value)
        if isinstance(value, dict) and isinstance(expect[key], dict)
        else value
        for key, value in chosen.items()
    }


def _line(case: CaseResult) -> str:
    if case.verdict == "failed":
        why = f" ({case.reason})" if case.reason else ""
        return f"{case.case_id}: failed: expected {case.expected}, actual {_shown(case)}{why}"
    return f"{case.case_id}: {case.verdict}" + (f" ({case.reason})" if case.reason else "")


def _shown(case: CaseResult) -> dict[str, Any]:
    """Return what came out as plain data; a state may go by several names."""
    return {
        key: "/".join(sorted(value)) if isinstance(value, frozenset) else value
        for key, value in case.actual.items()
    }
