"""What sensors cost: a thousand on fifty drivers in one triggerer, and one look at a driver of 100,000 tasks.

    python -m tools.bench.sensors [--quick] [--sensors 1000] [--window 60] [--no-curve]
        [--no-poll | --only-poll]

Writes ``sensors`` into ``build/bench.json``; some twenty minutes. ``--quick`` takes less than two, and writes
nothing: it tells whether everything still runs.
"""

from __future__ import annotations

import argparse
import json
import resource
from dataclasses import dataclass
from typing import Any

from tools import BUILD, ROOT
from tools.bench.sensors import poll
from tools.bench.sensors.airflow import SPARE_FILES, Round, Workbench

BARS = {"cpu_share": 0.10, "extra_mb": 80.0, "worst_late_s": 5.0, "poll_cpu_ms": 50.0, "poll_bytes": 1 << 20}
_PER_DRIVER = 20


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        sensors: the number that the bars are about; 0 to leave them out.
        curve: further numbers of sensors.
        frame: what Airflow's own cost is measured with: triggers that do nothing, see :class:`Round`.
        settling: seconds from the first look on in which nothing is counted.
        window: seconds of each measurement.
        interval: seconds between two looks.
        tasks: of the driver that is looked at; 0 to leave it out.
        patience: seconds until these tasks have ended.
    """

    sensors: int = 1000
    curve: tuple[int, ...] = (2500, 5000)
    frame: tuple[str, ...] = ("idle", "asking")
    settling: float = 30.0
    window: float = 60.0
    interval: float = 10.0
    tasks: int = 100_000
    patience: float = 900.0


QUICK = Size(40, curve=(), frame=(), settling=6.0, window=6.0, interval=3.0, tasks=500, patience=60.0)


def measure(size: Size) -> dict[str, Any]:
    """Everything, as it stands in ``build/bench.json``."""
    return (_load(size) if size.sensors else {}) | (_poll(size) if size.tasks else {})


def _load(size: Size) -> dict[str, Any]:
    bench = Workbench(BUILD / "bench-sensors")
    empty = bench.measure(_round(size, "empty", 0))
    frame = {kind: _over(bench.measure(_round(size, kind, size.sensors)), empty) for kind in size.frame}
    counts = [size.sensors, *(count for count in size.curve if _allowed(count))]
    curve = [_point(bench, size, count, empty) for count in counts]
    first = curve[0]
    return {
        **{key: first[key] for key in ("sensors", "drivers", "cpu_share", "extra_mb", "worst_late_s")},
        "curve": curve,
        "interval_s": size.interval,
        "window_s": size.window,
        "empty": empty,
        "airflow_alone": frame,
    }


def _round(size: Size, kind: str, count: int) -> Round:
    drivers = max(1, count // _PER_DRIVER) if kind == "sensors" else 0
    return Round(kind, count, drivers, size.interval, size.settling, size.window)


def _point(bench: Workbench, size: Size, count: int, empty: dict[str, Any]) -> dict[str, Any]:
    found = _over(bench.measure(_round(size, "sensors", count)), empty)
    del found["triggers"]
    print(f"{count} sensors: {json.dumps(found)}", flush=True)
    return {"sensors": count, **found}


def _over(found: dict[str, Any], empty: dict[str, Any]) -> dict[str, Any]:
    """With the memory beyond a triggerer that has nothing to do."""
    return {**found, "extra_mb": round(found["pss_mb"] - empty["pss_mb"], 1)}


def _allowed(count: int) -> bool:
    """Whether this machine lets a process open that many files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = hard == resource.RLIM_INFINITY or hard >= count + SPARE_FILES
    if not allowed:
        print(f"{count} sensors left out: a process may open {hard} files here, each sensor needs one")
    return allowed


def _poll(size: Size) -> dict[str, Any]:
    found = poll.measure(size.tasks, 20, size.patience)
    kinds = [found[name] for name in poll.PLANS]
    return {
        "poll_cpu_ms": max(kind["cpu_ms"] for kind in kinds),
        "poll_bytes": max(kind["bytes"] for kind in kinds),
        "poll": found,
    }


def report(found: dict[str, Any]) -> None:
    """Print the figures against their bars."""
    for name, bar in BARS.items():
        if name in found:
            print(f"{name:13} {found[name]:12}  bar {bar}")
    alone = found.get("airflow_alone", {}).get("asking")
    if alone:
        print(f"of which Airflow alone: {alone['cpu_share']} of a core, {alone['extra_mb']} MB")


def store(found: dict[str, Any]) -> None:
    """Write them into ``build/bench.json``; what was not measured now stays."""
    BUILD.mkdir(exist_ok=True)
    file = BUILD / "bench.json"
    known = json.loads(file.read_text()) if file.exists() else {}
    sensors = {**known.get("sensors", {}), **found}
    file.write_text(json.dumps({**known, "sensors": sensors}, indent=2) + "\n")
    print(f"written to {file.relative_to(ROOT)}")


def run(size: Size) -> None:
    """Measure, print, and write what is more than a trial."""
    found = measure(size)
    report(found)
    if size is not QUICK:
        store(found)


def main() -> None:
    """As the command line asks."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench.sensors", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--quick", action="store_true", help="small numbers: does it still run?")
    parser.add_argument("--sensors", type=int, default=Size.sensors)
    parser.add_argument("--window", type=float, default=Size.window, help="seconds of each measurement")
    parser.add_argument("--no-curve", action="store_true", help="no further numbers of sensors")
    parts = parser.add_mutually_exclusive_group()
    parts.add_argument("--no-poll", action="store_true", help="no driver of 100,000 tasks")
    parts.add_argument("--only-poll", action="store_true", help="that driver alone")
    options = parser.parse_args()
    size = Size(
        sensors=0 if options.only_poll else options.sensors,
        curve=() if options.no_curve else Size.curve,
        window=options.window,
        tasks=0 if options.no_poll else Size.tasks,
    )
    run(QUICK if options.quick else size)


if __name__ == "__main__":
    main()
