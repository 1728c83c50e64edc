"""The operators' dashboard: what is committed is what its code says."""

from __future__ import annotations

from dashboards.grafana.generate import TARGET, text
from deploy.check.results import REPOSITORY, Result, judged

SUBJECT = "dashboard"


def check_dashboard() -> Result:
    name = str(TARGET.relative_to(REPOSITORY))
    committed = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
    problems = []
    if committed != text():
        problems.append(
            f"{name} differs from its code: run `python -m dashboards.grafana.generate`"
        )
    return judged(SUBJECT, problems, f"{name} is what its code says")
