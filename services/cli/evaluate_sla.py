"""``careline evaluate sla``: cases of service promises with worked numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.output import FAILED, fail, out, plainly, print_json
from services.kpi.domain import conformance as reports
from services.sla.domain.conformance import CaseResult, Verdict, run_cases

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The cases, as JSON.")]


@plainly
def sla(file: File, as_json: Json = False) -> None:
    """Run cases of service promises: a line per case; exit 1 on a failure."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        fail(f"{file} is not JSON: {error}")
    by_id = {case["id"]: case for case in document["cases"]}
    results = [_reported(by_id[each.case_id], each) for each in run_cases(document)]
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
                        "actual": each.actual,
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


def _reported(case: dict[str, Any], result: CaseResult) -> CaseResult:
    """Answer what asks about a report and not about a promise: that is the KPIs' to say."""
    if case["kind"] not in reports.KINDS:
        return result
    actual = reports.actual(case)
    verdict: Verdict = "ok" if actual == case["expect"] else "failed"
    return CaseResult(result.case_id, verdict, case["expect"], actual)


def _line(case: CaseResult) -> str:
    if case.verdict == "failed":
        return f"{case.case_id}: expected {case.expected}, actual {case.actual}"
    return f"{case.case_id}: {case.verdict}" + (f" ({case.reason})" if case.reason else "")
