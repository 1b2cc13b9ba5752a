"""How fast an event log is read, in MB/s of one core and in memory: ``build/bench-report.json``.

    python -m tools.bench.report [--tasks 100000] [--only plain,zstd,replay] [--rounds N] [--keep]

The log is a synthetic one, 5.8 kB for a task as Spark 4.2 writes it. Each measurement is a process of its
own; the figure is the median of the rounds. Megabytes are those of the log before it is compressed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import zstandard

from tools import BUILD, ROOT
from tools.bench.report.synthetic import lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FOLDER: Final = BUILD / "bench-report"
FILE: Final = BUILD / "bench-report.json"
BARS: Final = {"mb_per_s": 100.0, "peak_mb": 200.0}
"""At least so many MB/s of one core, at most so many MB of memory."""
WAYS: Final = {"plain": ("log", ()), "zstd": ("log.zstd", ()), "replay": ("log", ("--replay",))}
"""What is measured: the log, and the options of the process."""


def prepare(tasks: int) -> Path:
    """The folder with the log, plain and compressed; made unless it exists."""
    folder = FOLDER / str(tasks)
    plain, packed = folder / "log", folder / "log.zstd"
    if packed.exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with plain.open("w") as file:
        file.writelines(f"{line}\n" for line in lines(tasks))
    new = packed.with_suffix(".new")
    with plain.open("rb") as source, new.open("wb") as target:
        zstandard.ZstdCompressor(level=1).copy_stream(source, target)
    new.rename(packed)
    return folder


def measure(way: str, folder: Path, rounds: int) -> dict[str, Any]:
    """The medians of one way to read the log."""
    name, options = WAYS[way]
    command = [sys.executable, "-m", "tools.bench.report.measured", str(folder / name), *options]
    found = []
    for _ in range(rounds):
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
        found.append(json.loads(done.stdout))
    size = (folder / "log").stat().st_size / 1e6
    cpu = statistics.median(row["cpu_s"] for row in found)
    return {
        "mb": round(size, 1),
        "file_mb": round((folder / name).stat().st_size / 1e6, 1),
        "cpu_s": cpu,
        "wall_s": statistics.median(row["wall_s"] for row in found),
        "mb_per_s": round(size / cpu, 1),
        "peak_mb": max(row["peak_mb"] for row in found),
        "imports_mb": found[-1]["imports_mb"],
        "tasks": found[-1]["tasks"],
        "looks": found[-1]["looks"],
        "rounds": rounds,
    }


def show(way: str, figure: dict[str, Any]) -> bool:
    """Print a figure beside its bars; whether it holds them."""
    held = figure["mb_per_s"] >= BARS["mb_per_s"] and figure["peak_mb"] <= BARS["peak_mb"]
    print(
        f"{way:7} {figure['mb']:8.1f} MB  {figure['cpu_s']:7.2f} s CPU  {figure['wall_s']:7.2f} s wall  "
        f"{figure['mb_per_s']:6.1f} MB/s (bar: {BARS['mb_per_s']:g})  "
        f"peak {figure['peak_mb']:6.1f} MB (bar: {BARS['peak_mb']:g}; imports: {figure['imports_mb']:g})"
        f"{'' if held else '  NOT HELD'}"
    )
    return held


def store(found: dict[str, Any]) -> None:
    """Write the figures; those of other parts, such as the page's, stay."""
    known = json.loads(FILE.read_text()) if FILE.exists() else {}
    FILE.write_text(
        json.dumps({**known, "event_log": {**known.get("event_log", {}), **found}}, indent=2) + "\n"
    )
    print(f"written to {FILE.relative_to(ROOT)}")


def main(given: Sequence[str] | None = None) -> None:
    """As the command line asks."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.report", description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, default=100_000, help="tasks in the log (100000: 580 MB)")
    parser.add_argument("--only", default=",".join(WAYS), help="these ways: " + ", ".join(WAYS))
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each (3)")
    parser.add_argument("--keep", action="store_true", help="keep the log for the next time")
    options = parser.parse_args(given)
    ways = options.only.split(",")
    if not set(ways) <= set(WAYS):
        parser.error(f"ways are {', '.join(WAYS)}")
    folder = prepare(options.tasks)
    before = os.getloadavg()
    found: dict[str, Any] = {way: measure(way, folder, options.rounds) for way in ways}
    held = [show(way, figure) for way, figure in found.items()]
    store({**found, "load_before": before, "load_after": os.getloadavg()})
    if not options.keep:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    if not all(held):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
