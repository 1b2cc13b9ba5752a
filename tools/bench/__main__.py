"""Every figure of the README: ``build/bench.json``. About forty minutes on two quiet cores.

python -m tools.bench [--pairs 7] [--no-curve] [--no-sensors] [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys

from tools import BUILD, ROOT
from tools.bench import overhead as job_overhead
from tools.bench import overhead_parts, udf
from tools.bench.sensors import __main__ as sensors


def prepare() -> None:
    """The environment of everything that is measured, and Airflow's database."""
    os.environ.setdefault("AIRFLOW_HOME", str(BUILD / "bench-airflow"))
    os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    # An installed package has its bytecode, as upstream's has here; without it every run would compile ours.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)


def main() -> None:
    """Measure, print the medians against their bars, write the file."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=7, help="runs of the healthy job under each operator")
    parser.add_argument("--quick", action="store_true", help="two pairs, a short curve: does it still run?")
    parser.add_argument("--no-curve", action="store_true", help="keep the curve that the file has")
    parser.add_argument("--no-sensors", action="store_true", help="keep the sensors that the file has")
    options = parser.parse_args()
    pairs, rounds = (2, 2) if options.quick else (options.pairs, 8)
    prepare()
    overhead = job_overhead.measure_job(pairs)
    overhead["import_ratio"] = job_overhead.measure_import(3 if options.quick else 15)
    overhead["parts"] = parts = overhead_parts.measure(3 if options.quick else 15)
    for side in ("task_side", "driver_side"):
        for name, found in parts[side].items():
            print(f"{side} {name:10} median {found['median']:8.4f} s  ({found['min']} to {found['max']})")
    bars = {"wall_ratio": 1.02, "cpu_share": 0.01, "extra_mb": 40.0, "import_ratio": 1.05}
    for name, bar in bars.items():
        found = overhead[name]
        print(f"{name:13} median {found['median']:8.4f}  ({found['min']} to {found['max']})  bar {bar}")
    BUILD.mkdir(exist_ok=True)
    file = BUILD / "bench.json"
    known = json.loads(file.read_text()) if file.exists() else {}
    if options.no_curve:
        overhead["udf_buffer_curve"] = known.get("overhead", {}).get("udf_buffer_curve")
    else:
        overhead["udf_buffer_curve"] = udf.measure(rounds, 2_000_000)
    file.write_text(json.dumps({**known, "overhead": overhead}, indent=2) + "\n")
    print(f"written to {file.relative_to(ROOT)}")
    if not options.no_sensors:
        sensors.run(sensors.QUICK if options.quick else sensors.Size())


if __name__ == "__main__":
    main()
