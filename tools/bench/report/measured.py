"""One measurement, printed as JSON: ``python -m tools.bench.report.measured``, a process for each."""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path
from typing import Any

from airflow_spark_guard.core.history.replay import LogReplay
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.sources.event_log import read_event_log

_KIB = 1024


def read(path: Path, *, replayed: bool) -> dict[str, Any]:
    """Read a log; CPU seconds, wall seconds, and memory in MB at its peak and before."""
    before = peak_mb()
    replay = LogReplay(GuardLimits()) if replayed else None
    wall, cpu = time.monotonic(), time.process_time()
    history = read_event_log(path, watcher=replay)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    return {
        "cpu_s": round(cpu, 3),
        "wall_s": round(wall, 3),
        "peak_mb": round(peak_mb(), 1),
        "imports_mb": round(before, 1),
        "tasks": sum(stage.done for stage in history.stages),
        "looks": 0 if replay is None else replay.replayed().looks,
        "missing": list(history.missing),
    }


def peak_mb() -> float:
    """Largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB


def main() -> None:
    """As the command line asks."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench.report.measured", description=__doc__.splitlines()[0]
    )
    parser.add_argument("log", type=Path)
    parser.add_argument("--replay", action="store_true", help="with the watchdog's replay")
    options = parser.parse_args()
    print(json.dumps(read(options.log, replayed=options.replay)))


if __name__ == "__main__":
    main()
