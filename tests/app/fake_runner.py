"""Works a queue off as ``python -m core queue PROJECT run`` does, with the fake worker in place of training.

Started as ``python fake_runner.py PROJECT [arguments of the fake worker]``.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from run_factory import starter

from core.runs import queue_runner, watch
from core.runs.queue import Queue


def main() -> int:
    """See the module's description."""
    project, *arguments = sys.argv[1:]
    watch.start_worker = starter(*arguments)
    queue_runner._POLL_SECONDS = 0.05
    queue_runner.work_off(Queue(Path(project) / "runs"), follow)
    return 0


def follow(one: watch.Watch) -> None:
    """Look on until a run has ended."""
    while not one.ended:
        if not one.look():
            time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main())
