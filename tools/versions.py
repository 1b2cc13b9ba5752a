"""Run a guarded job on another Spark, or under another Airflow: what the README calls tested.

    python -m tools.versions spark 4.0.1 4.1.1 4.3.0 3.5.7
    python -m tools.versions airflow 3.1.8 3.2.2

Each version gets a virtual environment of its own below ``build/versions``; nothing else is touched.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tools import BUILD, ROOT

FOLDER = BUILD / "versions"
UV = str(Path(sys.executable).with_name("uv"))
JOB = str(ROOT / "tools" / "jobs" / "versions.py")
CONNECTION = '{"conn_type": "spark", "host": "local-cluster[1,1,1024]", "extra": {"deploy-mode": "client"}}'
CODE = """
import json, os, sys
from airflow_spark_guard import SafeSparkSubmitOperator
env = {k: v for k, v in {"SPARK_HOME": sys.argv[2], "PYSPARK_PYTHON": sys.argv[3]}.items() if v}
for profile in ("default", "ml-training", "strict"):
    job = SafeSparkSubmitOperator(task_id="job", application=sys.argv[1], profile=profile, env_vars=env)
    print("RESULT", profile, json.dumps(job.execute({})))
"""


def main(kind: str, *versions: str) -> int:
    """One line per version; the exit code counts the failures."""
    failures = 0
    for version in versions:
        text = _spark(version) if kind == "spark" else _airflow(version)
        results = [line for line in text.splitlines() if line.startswith("RESULT")]
        (FOLDER / f"{kind}-{version}.log").write_text(text)
        failures += len(results) != 3  # noqa: PLR2004 - profiles
        print(f"{kind} {version}: {len(results)} of 3 profiles", *results[:1], flush=True)
    return failures


def _venv(name: str, *packages: str) -> Path:
    folder = FOLDER / name
    if not folder.exists():
        subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
        install = [UV, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python")]
        subprocess.run([*install, *packages], check=True)
    return folder / "bin" / "python"


def _spark(version: str) -> str:
    python = _venv(f"spark-{version}", f"pyspark=={version}", "numpy", "pandas<3", "pyarrow", "setuptools")
    home = subprocess.run(
        [str(python), "-c", "import pyspark; print(pyspark.__path__[0])"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    return _run(sys.executable, home, str(python))


def _airflow(version: str) -> str:
    python = _venv(
        f"airflow-{version}",
        f"apache-airflow=={version}",
        "apache-airflow-providers-apache-spark>=6.3.4",
        "pyspark==4.2.0", "pyspark-client==4.2.0", "pandas<3", "pyarrow", "numpy", "hatchling", "editables",
    )  # fmt: skip
    install = [UV, "pip", "install", "--quiet", "--python", str(python)]
    subprocess.run([*install, "--no-deps", "-e", str(ROOT)], check=True)
    return _run(str(python), "", "")


def _run(python: str, home: str, job_python: str) -> str:
    airflow_home = FOLDER / f"home-{Path(python).parents[1].name}"
    env = {
        **os.environ,
        "PATH": f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}",
        "AIRFLOW_HOME": str(airflow_home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW_CONN_SPARK_DEFAULT": CONNECTION,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    subprocess.run([python, "-m", "airflow", "db", "migrate"], env=env, check=True, capture_output=True)
    done = subprocess.run(
        [python, "-c", CODE, JOB, home, job_python], env=env, check=False, capture_output=True, text=True
    )
    return done.stdout + done.stderr


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    sys.exit(main(*sys.argv[1:]))
