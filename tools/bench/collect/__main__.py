"""What it costs to bring rows to the driver as a matrix, beside the usual ways and beside a bare scan.

    python -m tools.bench.collect [--quick] [--only NAME,...] [--rounds N] [--clean]

Writes ``collect`` into ``build/bench.json``; some fifteen minutes on two quiet cores, the first time two more
for the data. Both sides of a ratio take turns in one run; the ratio is the median over the rounds after two
that warm up. ``--quick`` takes three minutes with a tenth of the rows, and writes ``build/bench-quick.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any

from tools import BUILD, ROOT
from tools.bench.collect.data import FOLDER, NOTE, Data, size_of_all, start_session
from tools.bench.collect.parts import PARTS, Bench

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def measure(names: Sequence[str], scale: float, rounds: int) -> tuple[dict[str, Any], list[str]]:
    """All figures of these parts, and the parts that failed: one need not cost the others."""
    spark = start_session()
    found: dict[str, Any] = {}
    failed: list[str] = []
    before = os.getloadavg()
    try:
        bench = Bench(Data(spark), scale, rounds)
        for name in names:
            start = time.monotonic()
            try:
                found |= PARTS[name](bench)
            except Exception:  # noqa: BLE001 - told, and the run then ends with 1
                traceback.print_exc()
                failed.append(name)
            print(f"{name}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
        found["run"] = {
            "spark": spark.version,
            "data": NOTE,
            "data_mb": size_of_all() >> 20,
            "load_before": before,
            "load_after": os.getloadavg(),
        }
    finally:
        spark.stop()
    return found, failed


def table(found: dict[str, Any]) -> str:
    """For the documentation."""
    lines = [
        "| against | rows | ours | theirs | ratio (min to max) | bar | held |",
        "|---|---|---|---|---|---|---|",
    ]
    for figure in found.values():
        if "what" in figure:
            cells = [
                figure["what"],
                f"{figure['rows']:,}",
                _amount(figure, "ours"),
                _amount(figure, "theirs"),
            ]
            ratio = (
                f"{figure['ratio']:.2f} ({figure['min']:.2f} to {figure['max']:.2f})"
                if "ratio" in figure
                else ""
            )
            held = {True: "yes", False: "NO", None: ""}[figure.get("held")]
            lines.append(f"| {' | '.join([*cells, ratio, figure.get('bar', ''), held])} |")
    return "\n".join(lines)


def _amount(figure: dict[str, Any], side: str) -> str:
    for unit in ("s", "mb"):
        if f"{side}_{unit}" in figure:
            return f"{figure[f'{side}_{unit}']:.3g} {unit.upper() if unit == 'mb' else unit}"
    return ""


def store(found: dict[str, Any], file: Path) -> None:
    """Write them; what was not measured now stays."""
    BUILD.mkdir(exist_ok=True)
    known = json.loads(file.read_text()) if file.exists() else {}
    collect = {**known.get("collect", {}), **found}
    file.write_text(json.dumps({**known, "collect": collect}, indent=2) + "\n")
    print(f"written to {file.relative_to(ROOT)}")


def main() -> None:
    """As the command line asks."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench.collect", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the rows, 3 rounds: does it still run?"
    )
    parser.add_argument("--only", default=",".join(PARTS), help="these parts: " + ", ".join(PARTS))
    parser.add_argument("--rounds", type=int, help="that count, after two to warm up (7)")
    parser.add_argument("--clean", action="store_true", help="delete the data at the end")
    options = parser.parse_args()
    names = options.only.split(",")
    if not set(names) <= set(PARTS):
        parser.error(f"parts are {', '.join(PARTS)}")
    rounds = options.rounds or (3 if options.quick else 7)
    found, failed = measure(names, 0.1 if options.quick else 1.0, rounds)
    print(table(found))
    run = found["run"]
    print(f"load {run['load_before'][0]:.1f} before, {run['load_after'][0]:.1f} after; {run['data']}")
    store(found, BUILD / ("bench-quick.json" if options.quick else "bench.json"))
    if options.clean:
        shutil.rmtree(FOLDER)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
