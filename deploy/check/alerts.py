"""The alert rules, their tests and the scrape configurations, by promtool."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

from deploy.check.results import REPOSITORY, Outcome, Result, complaints, judged
from deploy.system_packages import PROMTOOL, InstallError, can_install, install, remedy

SUBJECT = "alerts"
FOLDER = "deploy/prometheus"


def check_alerts(environ: Mapping[str, str] = os.environ) -> Result:
    in_ci = environ.get("CI") == "true"
    if in_ci and not PROMTOOL.is_present() and can_install():
        try:
            install([PROMTOOL])
        except InstallError as error:
            return Result(SUBJECT, Outcome.FAILED, f"{remedy([PROMTOOL])} ({error})")
    promtool = shutil.which("promtool")
    if promtool is None:
        outcome = Outcome.FAILED if in_ci else Outcome.SKIPPED
        also = "" if in_ci else "; hosted CI checks them"
        return Result(SUBJECT, outcome, f"not checked, {remedy([PROMTOOL])}{also}")
    tests = _files("tests")
    problems = [
        *complaints(promtool, "check", "rules", *_files("rules")),
        *complaints(promtool, "check", "config", f"{FOLDER}/prometheus.yml", f"{FOLDER}/local.yml"),
        *complaints(promtool, "test", "rules", *tests),
    ]
    return judged(
        SUBJECT, problems, f"rules and configurations valid, {len(tests)} test files pass"
    )


def _files(folder: str) -> list[str]:
    found = sorted((REPOSITORY / FOLDER / folder).glob("*.yml"))
    return [str(path.relative_to(REPOSITORY)) for path in found]
