"""An archive of the classes that Spark loads: with it the JVMs of the tests start in less CPU time.

``python -m tools.support.class_archive`` makes it once for each Java and PySpark, by a small job that leaves
its classes behind when it exits (class data sharing). Java ignores an archive of another class path.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
# A JVM of a test lives for seconds: the optimizing compiler and parallel collection cost more than they save.
SHORT_LIVED = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
VARIABLES = ("SPARK_LAUNCHER_OPTS", "SPARK_SUBMIT_OPTS", "SPARK_DAEMON_JAVA_OPTS")
JOB = """
import tempfile
from pyspark.sql import SparkSession, functions as sf

spark = SparkSession.builder.getOrCreate()
with tempfile.TemporaryDirectory() as folder:
    rows = spark.range(1000).withColumns({"key": sf.col("id") % 7, "text": sf.col("id").cast("string")})
    rows.write.mode("overwrite").parquet(folder)
    rows = spark.read.parquet(folder)
    rows.groupBy("key").agg(sf.sum("id"), sf.max("text")).orderBy("key").collect()
    rows.join(rows.select("key").distinct(), "key").toArrow()
    rows.repartition(3).rdd.map(lambda row: row.id + 1).sum()
spark.stop()
"""


def archive() -> Path:
    """Where the archive of this Java and PySpark is, or would be."""
    java = Path(os.environ["JAVA_HOME"], "bin", "java") if os.environ.get("JAVA_HOME") else "java"
    try:
        printed = subprocess.run([java, "-version"], capture_output=True, check=False).stderr
    except OSError:
        printed = b""
    digest = hashlib.sha256(printed + version("pyspark").encode() + sys.prefix.encode()).hexdigest()[:12]
    return ROOT / "build" / f"spark-classes-{digest}.jsa"


def options() -> str:
    """JVM options for a short life, with the archive if there is one."""
    file = archive()
    shared = (f"-XX:SharedArchiveFile={file}", "-Xlog:cds*=off") if file.exists() else ()
    return " ".join((*SHORT_LIVED, *shared))


def make() -> bool:
    """Make the archive unless it exists; returns whether it does now. Nothing needs it."""
    file = archive()
    if file.exists():
        return True
    file.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        job, made = Path(folder) / "job.py", Path(folder) / "classes.jsa"
        job.write_text(JOB)
        jvm = " ".join((*SHORT_LIVED, f"-XX:ArchiveClassesAtExit={made}", "-Xlog:disable"))
        programs = Path(sys.executable).parent
        environment = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_SUBMIT_OPTS": jvm,
            "SPARK_LOCAL_IP": "127.0.0.1",
        }
        environment.pop("SPARK_HOME", None)
        command = [programs / "spark-submit", "--master", "local[2]", job]
        subprocess.run(command, env=environment, check=False, capture_output=True)
        if not made.exists():
            return False
        # Complete before it has its name: another process may look for it.
        temporary = file.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(made.read_bytes())
        temporary.replace(file)
    return True


def main() -> None:
    """Make the archive, or say that tests will do without it."""
    if not make():
        print("No class archive: this Java makes none. Tests take longer without it.")


if __name__ == "__main__":
    main()
