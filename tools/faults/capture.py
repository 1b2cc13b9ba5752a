"""Provoke Spark's own failures and keep what a driver sees of each: ``tests/data/toolchain/<name>.txt``.

    python -m tools.faults.capture [name ...]

Ten seconds a failure. What cannot be provoked on one machine (see ``SOURCES`` in the tests) is not touched.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pyspark

from airflow_spark_guard.core.output.output import JobOutput
from tools import ROOT
from tools.faults.toolchain import CASES, OTHER_PYTHON, Case

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXTURES = ROOT / "tests" / "data" / "toolchain"
SPARK_HOME = Path(pyspark.__file__).parent
LONGEST = 6000
SECONDS = 150
# Runs the job as __main__, so that its functions are pickled by value, and keeps its traceback.
RUNNER = """
import sys, traceback
script, kept, session = sys.argv[1:]
sys.argv = [script]
if session == "True":
    from pyspark.sql import SparkSession
    spark = SparkSession.builder.getOrCreate()
    sc = spark.sparkContext
    sc.setLogLevel("WARN")
try:
    exec(compile(open(script).read(), script, "exec"))
except BaseException as error:
    tb = error.__traceback__.tb_next
    text = "".join(traceback.format_exception(type(error), error, tb))
    open(kept, "w").write(text)
    import os
    os._exit(1)
"""


def main() -> int:
    """Capture the cases named on the command line, or all; the number that did not fail."""
    wanted = sys.argv[1:]
    FIXTURES.mkdir(parents=True, exist_ok=True)
    missed = 0
    for case in CASES:
        if wanted and case.name not in wanted:
            continue
        with tempfile.TemporaryDirectory() as folder:
            text, status = capture(case, Path(folder))
        missed += not text
        print(f"{case.name:30} {len(text):6} characters", flush=True)
        if text:
            first = f"# captured: Spark {pyspark.__version__}, {case.master}, exit code {status}"
            (FIXTURES / f"{case.name}.txt").write_text(f"{first}\n{text}\n")
    return missed


def capture(case: Case, folder: Path) -> tuple[str, int]:
    """What the driver saw of this failure, scrubbed and shortened, and spark-submit's exit code."""
    places = {name: folder / name for name in ("modules", "scratch", "small_disk")}
    for place in places.values():
        place.mkdir()
    (places["modules"] / "pricing.py").write_text("def price(x):\n    return x\n")
    bare = places["modules"] / "bare-python"
    bare.write_text('#!/bin/sh\nunset PYTHONPATH\nexec /usr/bin/python3 -s "$@"\n')
    bare.chmod(0o755)
    script, kept, runner = folder / f"{case.name}.py", folder / "traceback.txt", folder / "runner.py"
    script.write_text(placed(case.script, places))
    runner.write_text(RUNNER)
    conf = {"spark.ui.enabled": "false", **case.conf}
    command = [str(SPARK_HOME / "bin" / "spark-submit"), "--master", case.master]
    for key, value in conf.items():
        command += ["--conf", f"{key}={placed(value, places)}"]
    command += [str(runner), str(script), str(kept), str(case.session)]
    env = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_HOME": str(SPARK_HOME)}
    env |= {"PYSPARK_DRIVER_PYTHON": sys.executable, "PYSPARK_PYTHON": sys.executable}
    env |= {name: interpreter(value, places) for name, value in case.env.items()}
    with small_disk(places["small_disk"], wanted="{small_disk}" in str(case.conf)):
        done = subprocess.run(command, env=env, cwd=folder, timeout=SECONDS, capture_output=True, check=False)
    output = JobOutput(0)
    output.feed(done.stdout + done.stderr + b"\n", 0.0)
    text = output.evidence()
    if not case.output:
        text = written(kept) if done.returncode else ""
    return shorten(scrub(text, folder)).strip(), done.returncode


def written(file: Path) -> str:
    """What the job wrote last: without its JVM the driver's Python may take some seconds longer."""
    end = time.monotonic() + 15
    while time.monotonic() < end:
        if file.exists() and (text := file.read_text()):
            return text
        time.sleep(0.2)
    return ""


def placed(text: str, places: dict[str, Path]) -> str:
    """With this run's folders in place of ``{modules}`` and the like."""
    for name, place in places.items():
        text = text.replace("{" + name + "}", str(place))
    return text


def interpreter(value: str, places: dict[str, Path]) -> str:
    """The Python that this case's workers run."""
    return "/usr/bin/python3" if value == OTHER_PYTHON else placed(value, places)


@contextlib.contextmanager
def small_disk(place: Path, *, wanted: bool) -> Iterator[None]:
    """A disk of a few megabytes; needs the right to mount."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if not wanted or not mount or not umount:
        yield
        return
    subprocess.run([mount, "-t", "tmpfs", "-o", "size=16m", "tmpfs", place], check=True)
    try:
        yield
    finally:
        subprocess.run([umount, "-l", place], check=True)


def scrub(text: str, folder: Path) -> str:
    """Without the names of this machine."""
    host = os.uname().nodename
    for own, shown in (
        (str(folder / "modules"), "/jobs/modules"),
        (str(folder / "scratch"), "/data/scratch"),
        (str(folder / "small_disk"), "/data/scratch"),
        (str(folder), "/jobs"),
        (str(SPARK_HOME / "python"), "/opt/spark/python"),
        (str(SPARK_HOME), "/opt/spark/python/pyspark"),
        (str(Path(pyspark.__file__).parent.parent), "/opt/venv/lib/python3/site-packages"),
        (sys.base_prefix, "/opt/python"),
        (sys.executable, "/opt/venv/bin/python"),
        (str(ROOT), "/opt/project"),
    ):
        text = text.replace(own, shown)
    text = re.sub(rf"(?<![\w-]){re.escape(host)}(?![\w-])", "worker-1", text)
    text = re.sub(r"(/private)?/tmp/[\w.-]+", "/scratch", text)
    return re.sub(r"0x[0-9a-f]{8,16}", "0x7f0000000000", text)


def shorten(text: str) -> str:
    """Two frames of every run of Java frames, and both ends of what is still too long."""
    lines: list[str] = []
    frames = 0
    for line in text.split("\n"):
        frames = frames + 1 if line.startswith("\tat ") else 0
        if frames <= 2:  # noqa: PLR2004 - said above
            lines.append(line[:600])
    text = "\n".join(lines)
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2 - 40
    return f"{text[:half]}\n... {len(text) - 2 * half} characters left out ...\n{text[-half:]}"


if __name__ == "__main__":
    sys.exit(main())
