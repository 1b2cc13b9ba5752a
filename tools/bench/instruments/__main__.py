"""Figures of the instruments: ``build/bench-instruments.json``.

python -m tools.bench.instruments [--rounds 3] [--steps 200] [--blocks 12]
"""

from __future__ import annotations

import argparse
import json

from tools import BUILD, ROOT
from tools.bench.instruments import lineage, overhead
from tools.bench.udf import start_session


def main() -> None:
    """Measure, print, write the file."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench.instruments", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--rounds", type=int, default=3, help="runs of the iterative job, with and without")
    parser.add_argument("--steps", type=int, default=200, help="steps of the iterative job")
    parser.add_argument("--blocks", type=int, default=12, help="rounds of small operations")
    options = parser.parse_args()
    spark = start_session()
    try:
        found = {
            "overhead": overhead.measure(spark, options.blocks),
            "lineage": lineage.measure(spark, options.rounds, options.steps),
        }
    finally:
        spark.stop()
    text = json.dumps(found, indent=1)
    print(text)
    BUILD.mkdir(exist_ok=True)
    file = BUILD / "bench-instruments.json"
    file.write_text(text + "\n")
    print(f"written to {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
