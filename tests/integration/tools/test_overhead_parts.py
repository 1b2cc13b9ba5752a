"""The benchmark of the fixed part drives the engine step by step: it has to follow when a step changes."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tools import ROOT
from tools.bench.overhead_parts import CONNECTION, STAND_IN


@pytest.mark.parametrize(("what", "found"), [("steps", "reaper and an empty command"), ("task", "wall")])
def test_each_side_of_the_task_runs_to_its_end(what, found, tmp_path):
    """With a spark-submit that ends at once, as the benchmark has it."""
    (tmp_path / "job.py").write_text("")
    (tmp_path / "spark-submit").write_text(STAND_IN)
    (tmp_path / "spark-submit").chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-m", "tools.bench.overhead_parts", what, "guarded", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "AIRFLOW_CONN_SPARK_DEFAULT": CONNECTION},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1])[found] > 0
