"""Run every check, print a line for each, and end with 1 if one failed."""

from __future__ import annotations

import sys

from deploy.check.alerts import check_alerts
from deploy.check.compose import check_compose
from deploy.check.contracts import check_baseline, check_topics
from deploy.check.dashboard import check_dashboard
from deploy.check.image import check_image
from deploy.check.results import Check, Outcome

CHECKS: tuple[Check, ...] = (
    check_topics,
    check_baseline,
    check_compose,
    check_image,
    check_alerts,
    check_dashboard,
)


def main() -> None:
    failed = False
    for check in CHECKS:
        result = check()
        print(result, flush=True)  # noqa: T201  this is what the command is for
        failed = failed or result.outcome is Outcome.FAILED
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
