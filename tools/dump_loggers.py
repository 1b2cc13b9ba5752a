"""Write which classes of Spark's jars log: ``core/output/spark_loggers.txt``.

Run with the paths of one or more folders of jars (``.../pyspark/jars``); names are added to those that the
file has already, so that it can be run for one Spark version after the other.

A class counts when its class file refers to one of the logging APIs that Spark and what it brings along use.
Names of a single word (``Executor``, ``Utils``) are left out: a user's own class may well be called the same.
"""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

FOUND = Path(__file__).parent.parent / "airflow_spark_guard" / "core" / "output" / "spark_loggers.txt"
_OURS = re.compile(
    r"(?:org/apache/(?:spark|hadoop|parquet|orc|hive|zookeeper|curator)|org/sparkproject|io/netty|io/vertx|"
    r"org/datanucleus|io/fabric8|com/zaxxer)/\S+\.class"
)
_LOGS = (
    *(b"org/apache/spark/internal/Logging", b"org/apache/spark/internal/SparkLogger"),
    *(b"logInfo", b"logDebug", b"logTrace"),
    *(b"org/slf4j/Logger", b"org/apache/commons/logging/Log", b"org/apache/logging/log4j/Logger"),
    b"java/util/logging/Logger",
)
_SEVERAL_WORDS = re.compile(r"[A-Z]+[a-z0-9]*[A-Z]\w*")


def loggers(jars: Path) -> set[str]:
    """The simple names of the classes in these jars that log."""
    found = set()
    for jar in sorted(jars.glob("*.jar")):
        with zipfile.ZipFile(jar) as archive:
            for name in filter(_OURS.fullmatch, archive.namelist()):
                body = archive.read(name)
                if any(api in body for api in _LOGS):
                    found.add(name.removesuffix(".class").rsplit("/", 1)[-1].split("$")[0])
    return {name for name in found if _SEVERAL_WORDS.fullmatch(name)}


def main() -> None:
    """Add what the jars have."""
    names = set(FOUND.read_text().split()) if FOUND.exists() else set()
    for folder in sys.argv[1:]:
        names |= loggers(Path(folder))
    FOUND.write_text("".join(f"{name}\n" for name in sorted(names)))


if __name__ == "__main__":
    main()
