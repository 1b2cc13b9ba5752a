"""The fault matrix on real Spark under real Airflow: ``build/faults.json``.

    python -m tools.faults [--quick] [--upstream] [--only NAME]... [--untraced] [--list] [--jobs N]
        [--beside-load] [--record-traces]

A row is short when its verdict is wrong, a process is left, the task fails more than 10 s after its limit,
or the line that hung is not named; then the exit code is 1. ``--upstream`` fills the second column only.

``--beside-load`` keeps one core busy for the whole run, allows twice the time, and writes
``build/faults-loaded.json``. ``--record-traces --untraced`` records the cases that have no trace yet.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tools import BUILD
from tools.faults import rows, traces
from tools.faults.case import NAMESPACE, SERVER
from tools.faults.cases import CASES
from tools.faults.cluster import can_namespace
from tools.faults.harness import migrate, slug
from tools.faults.load import busy_core
from tools.faults.places import Places

if TYPE_CHECKING:
    from tools.faults.case import Case
    from tools.faults.places import Settled

FILE, LOADED = BUILD / "faults.json", BUILD / "faults-loaded.json"
SLOWER = 2.0  # how much longer an end may take beside a busy loop on one core of two
ONE_WRITER = threading.Lock()


def main() -> int:
    """Run what was asked for, print a row as each case ends."""
    options = parse()
    chosen = choose(options)
    if options.list:
        print(
            "\n".join(
                f"{slug(case.name):60} {case.where:45} {' or '.join(case.expectations)}" for case in chosen
            )
        )
        return 0
    if not chosen:
        print(f"No such case: {', '.join(options.only) or 'all are traced'}; --list shows them.")
        return 2
    migrate()
    begin = time.monotonic()
    print("| fault | expected | verdict | seconds to fail | limit | line | orphans | took | |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    with busy_core() if options.beside_load else contextlib.nullcontext():
        good = run_all(chosen, options)
    took = time.monotonic() - begin
    print(
        f"\n{len(chosen)} cases in {took / 60:.1f} min, {good.count(False)} short. Task logs: build/faults/"
    )
    return 0 if all(good) else 1


def run_all(chosen: list[Case], options: argparse.Namespace) -> list[bool]:
    """Whether each row is good; ``options.jobs`` cases at a time, more while some of them only wait."""
    places = Places(options.jobs)

    def one(case: Case) -> bool:
        with places.place(waits=case.waits) as settled:
            return attempt(case, options, settled)

    with ThreadPoolExecutor(2 * options.jobs) as pool:
        return list(pool.map(one, chosen))


def parse() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tools.faults", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one case per verdict, two hangs that are hard to see, four healthy ones",
    )
    parser.add_argument("--upstream", action="store_true", help="run SparkSubmitOperator: the second column")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="cases whose name holds this"
    )
    parser.add_argument(
        "--untraced", action="store_true", help="cases that have no trace in tests/data/traces/"
    )
    parser.add_argument("--list", action="store_true", help="show the cases, run none")
    parser.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="cases at the same time (default: 1)"
    )
    parser.add_argument("--beside-load", action="store_true", help="keep one core busy during the run")
    parser.add_argument(
        "--record-traces", action="store_true", help="keep the observations in tests/data/traces/"
    )
    return parser.parse_args()


def choose(options: argparse.Namespace) -> list[Case]:
    """The cases that are meant; what this machine cannot do is said and left out."""
    found = [case for case in CASES if case.quick or not options.quick]
    if options.only:
        found = [case for case in found if any(slug(text) in slug(case.name) for text in options.only)]
    if options.untraced:
        leaves_one = [case for case in found if case.where != SERVER and case.expected != "IMPOSSIBLE"]
        found = [case for case in leaves_one if not traces.trace(case).exists()]
    if not can_namespace():
        for case in [case for case in found if case.where == NAMESPACE]:
            print(f"Left out, for want of root and ip: {case.name}")
            found.remove(case)
    return found


def attempt(case: Case, options: argparse.Namespace, settled: Settled) -> bool:
    """One case; whether its row is good. A harness that fails makes a short row, not an end of the matrix."""
    try:
        return run(case, options, settled)
    except (AssertionError, OSError, ValueError, subprocess.SubprocessError) as error:
        print(f"| {case.name} | | | | | | | | SHORT: the harness failed: {error} |", flush=True)
        return False


def run(case: Case, options: argparse.Namespace, settled: Settled) -> bool:
    """One case: its row into the file and onto the screen; whether the row is good."""
    begin = time.monotonic()
    if options.upstream:
        column = rows.upstream_death(case) if case.where == SERVER else rows.upstream(case, settled)
        row = keep(case, {"upstream": column}, options)
        shown: list[Any] = ["upstream", column["ended"], column["seconds"], "", "", column["orphans"]]
        wrong = ""
    else:
        row = keep(case, measured(case, options, settled), options)
        shown = [
            row[key] for key in ("expected", "verdict", "seconds_to_fail", "limit_s", "named_line", "orphans")
        ]
        wrong = row["short"]
    took = f"{time.monotonic() - begin:.0f} s"
    cells = [case.name, *("" if cell is None else cell for cell in shown), took]
    print(f"| {' | '.join(map(str, cells))} | {f'SHORT: {wrong}' if wrong else ''} |", flush=True)
    return not wrong


def keep(case: Case, new: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    """Write the row, with the other operator's column as it was; rows in the order of the table."""
    file = LOADED if options.beside_load else FILE
    with ONE_WRITER:
        known = {row["fault"]: row for row in (json.loads(file.read_text()) if file.exists() else [])}
        row = known.get(case.name, {"fault": case.name, "where": case.where}) | new
        known[case.name] = row
        file.parent.mkdir(exist_ok=True)
        kept = [known[each.name] for each in CASES if each.name in known]
        file.write_text(json.dumps(kept, indent=1) + "\n")
    return row


def measured(case: Case, options: argparse.Namespace, settled: Settled) -> dict[str, Any]:
    """The row of our operator."""
    slower = SLOWER if options.beside_load else 1.0
    if case.where == SERVER:
        return rows.guarded_death(case, slower=slower)
    row, done = rows.guarded(case, settled, slower=slower)
    if options.record_traces and not row["short"]:
        traces.record(done)
    return row


if __name__ == "__main__":
    sys.exit(main())
