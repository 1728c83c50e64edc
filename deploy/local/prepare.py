"""Check the JDK and fetch what is missing, so that no test waits for a download.

``python -m deploy.local.prepare``
"""

from __future__ import annotations

import sys

from deploy import system_packages
from deploy.local.artifacts import fetch_elasticsearch, fetch_kafka
from deploy.local.cache import cache_dir
from deploy.local.errors import LocalStackError
from deploy.local.jdk import find_jdk
from deploy.local.progress import Plain, Progress, Steps


def prepare(progress: Progress) -> None:
    """Find the JDK, fetch and verify Kafka and Elasticsearch, install what the tests use."""
    steps = Steps(progress)
    find_jdk()
    with steps.step("fetch Kafka") as report:
        fetch_kafka(cache_dir(), report)
    with steps.step("fetch Elasticsearch") as report:
        fetch_elasticsearch(cache_dir(), report)
    with steps.step("system packages"):
        advice = install_system_packages()
    if advice:
        print(advice, file=sys.stderr, flush=True)  # noqa: T201  what make test shows


def install_system_packages() -> str:
    """Install what is missing where that is possible; else return what to do.

    Without them the tests that need them are skipped, and say so.
    """
    packages = system_packages.missing()
    if packages and system_packages.can_install():
        try:
            system_packages.install(packages)
        except system_packages.InstallError as error:
            return f"{system_packages.remedy(packages)} ({error})"
        packages = system_packages.missing()
    return system_packages.remedy(packages) if packages else ""


def main() -> None:
    try:
        prepare(Plain(sys.stderr))
    except LocalStackError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
