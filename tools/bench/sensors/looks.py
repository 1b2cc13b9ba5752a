"""The fake drivers as a process, and what they have seen: when looks came, and how late."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tools import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def drivers(count: int, log: Path) -> Iterator[list[int]]:
    """Their ports, while they run."""
    command = [sys.executable, "-m", "tools.bench.sensors.drivers", str(count), str(log)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None  # noqa: S101 - as asked for
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def polls(log: Path, interval: float, settling: float) -> dict[str, Any]:
    """How late looks came, on every driver's grid, from ``settling`` seconds after the first look on."""
    arrivals: dict[int, list[float]] = defaultdict(list)
    for line in log.read_text().splitlines():
        driver, _, at = line.partition(" ")
        arrivals[int(driver)].append(float(at))
    now = time.monotonic()
    first = min(times[0] for times in arrivals.values())
    late = [lateness(times, interval, first + settling, now) for times in arrivals.values()]
    return {
        "drivers": len(arrivals),
        "worst_late_s": round(max(late), 2),
        "polls": sum(map(len, arrivals.values())),
        "drivers_asked_after_s": round(max(times[0] for times in arrivals.values()) - first, 1),
    }


def lateness(arrivals: list[float], interval: float, since: float, until: float) -> float:
    """The worst distance of a look behind its place on the grid, or of a gap beyond the interval.

    Args:
        arrivals: when looks came, oldest first.
        interval: what was promised.
        since: looks before are not counted; the grid begins with the first one after, but for a driver's
            very first, which the second follows sooner: drivers are not asked all at once.
        until: now; a look that is overdue then is late as well.
    """
    counted = [at for at in arrivals[1:] if at >= since]
    if not counted:
        return max(0.0, until - arrivals[-1] - interval)
    grid = [at - (counted[0] + place * interval) for place, at in enumerate(counted)]
    gaps = [after - before - interval for before, after in pairwise(arrivals) if after >= since]
    return max(0.0, *grid, *gaps, until - counted[-1] - interval)
