"""Check the JDK and fetch what is missing, so that no test waits for a download.

``python -m deploy.local.prepare``
"""

from __future__ import annotations

import sys

from deploy.local.artifacts import fetch_elasticsearch, fetch_kafka
from deploy.local.cache import cache_dir
from deploy.local.errors import LocalStackError
from deploy.local.jdk import find_jdk
from deploy.local.progress import Plain, Progress, Steps


def prepare(progress: Progress) -> None:
    """Find the JDK, fetch and verify Kafka and Elasticsearch."""
    steps = Steps(progress)
    find_jdk()
    with steps.step("fetch Kafka") as report:
        fetch_kafka(cache_dir(), report)
    with steps.step("fetch Elasticsearch") as report:
        fetch_elasticsearch(cache_dir(), report)


def main() -> None:
    try:
        prepare(Plain(sys.stderr))
    except LocalStackError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
