"""Run the cases of the example reports, one at a time, and draw them -> docs/examples/.

    python -m tools.examples [--only NAME]... [--draw]

For each example a page without charts (``NAME.html``) and a picture of the top of the whole page
(``NAME.png``). ``--draw`` draws the records of the last run again. Needs Spark, Airflow and Chromium; a case
takes one to three minutes.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from typing import TYPE_CHECKING

from airflow_spark_guard.process.record_reader import read_record
from airflow_spark_guard.report.contents import contents_of_record
from airflow_spark_guard.report.page import page
from tools import BUILD, ROOT
from tools.examples import pictures
from tools.examples.cases import EXAMPLES
from tools.examples.cleaning import copied
from tools.faults.harness import migrate, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FOLDER = ROOT / "docs" / "examples"
RECORDS, PAGES = BUILD / "examples" / "records", BUILD / "examples" / "pages"


def main() -> int:
    """Run what was asked for, and draw it."""
    options = argparse.ArgumentParser(prog="python -m tools.examples", description=__doc__.splitlines()[0])
    options.add_argument(
        "--only", action="append", choices=list(EXAMPLES), metavar="NAME", help=", ".join(EXAMPLES)
    )
    options.add_argument("--draw", action="store_true", help="draw the records of the last run again")
    asked = options.parse_args()
    names = asked.only or list(EXAMPLES)
    wrong = [] if asked.draw else run_all(names)
    names = [name for name in names if name not in wrong]
    for folder in (FOLDER, PAGES):
        folder.mkdir(parents=True, exist_ok=True)
    pictures.take([draw(name) for name in names])
    sizes = {file.name: file.stat().st_size for file in sorted(FOLDER.iterdir())}
    print(
        "\n".join(f"{size:9,} {name}" for name, size in sizes.items()), f"{sum(sizes.values()):9,}", sep="\n"
    )
    return 1 if wrong else 0


def run_all(names: Sequence[str]) -> list[str]:
    """Run each case; the answer is which of them did not end as their example shows."""
    migrate()
    wrong = []
    for name in names:
        try:
            print(f"{name}: {keep(name)}", flush=True)
        except ValueError as error:
            print(error, flush=True)
            wrong.append(name)
    return wrong


def keep(name: str) -> str:
    """Run a case and keep its record, without what belongs to this machine; how it ended.

    Raises:
        ValueError: it ended in another way than the example shows, or left no record.
    """
    case = EXAMPLES[name].case
    done = run(case, "guarded", lambda: None)
    record, ended = done.record(), str(done.summary().get("verdict") or done.outcome["state"])
    if record is None or ended not in {one or "success" for one in case.expectations}:
        wanted = " or ".join(case.expectations) or "success"
        msg = f"{name} ended with {ended}, expected: {wanted}; see {done.folder}"
        raise ValueError(msg)
    shutil.rmtree(RECORDS / name, ignore_errors=True)
    copied(record, RECORDS / name)
    return ended


def draw(name: str) -> tuple[Path, Path, str]:
    """Draw a kept record: the whole page for its picture, and the page without charts to keep."""
    contents = contents_of_record(read_record(RECORDS / name), f"examples / {name} / try-1")
    whole = PAGES / f"{name}.html"
    whole.write_text(page(contents))
    (FOLDER / f"{name}.html").write_text(page(contents, charts=False))
    return whole, FOLDER / f"{name}.png", EXAMPLES[name].scheme


if __name__ == "__main__":
    sys.exit(main())
