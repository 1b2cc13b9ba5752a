"""How much memory the driver's Python takes at most while a DataFrame becomes a matrix.

Each measurement is a process of its own, ``python -m tools.bench.collect.memory WAY ROWS``, for an allocator
keeps what it once had. The peak is the kernel's, set back just before the call, less what was taken then.
"""

from __future__ import annotations

import gc
import json
import random
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd  # noqa: F401 - what a way imports on first use is no part of its peak
import pyarrow as pa

from tools import ROOT
from tools.bench.collect import ways
from tools.bench.collect.data import Data, start_session

if TYPE_CHECKING:
    from collections.abc import Mapping

BAR = 1.3
_WARM_ROWS = 2000


def measure(small: int, large: int, rounds: int) -> dict[str, dict[str, Any]]:
    """The peak over the result, of three ways in turn."""
    sizes = {"ours": large, "topandas": large, "collect": small}
    order = random.Random(ways.SEED)  # noqa: S311 - an order, not a secret
    found: dict[str, list[dict[str, float]]] = defaultdict(list)
    for _ in range(rounds):
        for name in order.sample(sorted(sizes), len(sizes)):
            found[name].append(_in_a_process(name, sizes[name]))
    return {
        "peak_over_result": _figure("peak memory over the result: ours", found["ours"], large, BAR),
        "peak_over_result_topandas": _figure("the same: toPandas, vectors", found["topandas"], large),
        "peak_over_result_collect": _figure("the same: collect()", found["collect"], small),
    }


def _figure(what: str, runs: list[dict[str, float]], rows: int, bar: float | None = None) -> dict[str, Any]:
    return {
        "what": what,
        "rows": rows,
        **ways.judged([run["peak_mb"] / run["result_mb"] for run in runs], bar),
        "ours_mb": round(statistics.median(run["peak_mb"] for run in runs), 1),
        "theirs_mb": round(statistics.median(run["result_mb"] for run in runs), 1),
    }


def _in_a_process(name: str, rows: int) -> dict[str, float]:
    command = [sys.executable, "-m", "tools.bench.collect.memory", name, str(rows)]
    output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, float] = json.loads(output.splitlines()[-1])
    return found


def peak(name: str, rows: int) -> Mapping[str, float]:
    """Of this process: megabytes above those before the call, and of the result."""
    spark = start_session()
    try:
        frame = Data(spark).vector(rows)
        _way(name, frame.limit(_WARM_ROWS), _WARM_ROWS)
        gc.collect()
        pa.default_memory_pool().release_unused()
        Path("/proc/self/clear_refs").write_text("5")
        before = _status("VmRSS")
        x, y = _way(name, frame, rows)
        return {"peak_mb": (_status("VmHWM") - before) / 1e6, "result_mb": (x.nbytes + y.nbytes) / 1e6}
    finally:
        spark.stop()


def _way(name: str, frame: Any, rows: int) -> ways.Matrix:
    if name == "ours":
        return ways.ours(frame, "features", rows)
    return ways.topandas_vector(frame) if name == "topandas" else ways.collect(frame)


def _status(key: str) -> int:
    """Bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{key}:"))


if __name__ == "__main__":
    print(json.dumps(peak(sys.argv[1], int(sys.argv[2]))))
