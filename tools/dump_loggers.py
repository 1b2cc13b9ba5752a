"""Write which classes of Spark's jars log: ``core/output/spark_loggers.txt``.

Run with the paths of one or more folders of jars (``.../pyspark/jars``); names are added to those that the
file has already, so that it can be run for one Spark version after the other.

A class counts when its class file refers to one of the logging APIs that Spark and what it brings along use,
or when it is a class of Spark's that extends one that counts: ``PythonRunner`` logs by its parent's methods.
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


# Bytes of each kind of entry in a class file's constant pool, without its tag; text says its length itself.
_TEXT, _CLASS, _LONG = 1, 7, (5, 6)
_SIZES = {
    3: 4,
    4: 4,
    5: 8,
    6: 8,
    7: 2,
    8: 2,
    9: 4,
    10: 4,
    11: 4,
    12: 4,
    15: 3,
    16: 2,
    17: 4,
    18: 4,
    19: 2,
    20: 2,
}


def loggers(jars: Path) -> set[str]:
    """The simple names of the classes in these jars that log."""
    found: set[str] = set()
    above: dict[str, list[str]] = {}
    for jar in sorted(jars.glob("*.jar")):
        with zipfile.ZipFile(jar) as archive:
            for file in filter(_OURS.fullmatch, archive.namelist()):
                body, name = archive.read(file), file.removesuffix(".class")
                if any(api in body for api in _LOGS):
                    found.add(name)
                if name.startswith("org/apache/spark/"):
                    above[name] = parents(body)
    while more := {
        name for name, those in above.items() if name not in found and not found.isdisjoint(those)
    }:
        found |= more
    names = {name.rsplit("/", 1)[-1].split("$")[0] for name in found}
    return {name for name in names if _SEVERAL_WORDS.fullmatch(name)}


def parents(body: bytes) -> list[str]:
    """The class that a class file extends, and the interfaces that it has."""
    texts, classes, place, number = {}, {}, 10, 1
    while number < int.from_bytes(body[8:10]):
        tag, size = body[place], _SIZES.get(body[place], 0)
        if tag == _TEXT:
            size = 2 + int.from_bytes(body[place + 1 : place + 3])
            texts[number] = body[place + 3 : place + 1 + size].decode(errors="replace")
        elif tag == _CLASS:
            classes[number] = int.from_bytes(body[place + 1 : place + 3])
        place += 1 + size
        number += 2 if tag in _LONG else 1
    interfaces = int.from_bytes(body[place + 6 : place + 8])
    places = [place + 4, *range(place + 8, place + 8 + 2 * interfaces, 2)]
    named = [int.from_bytes(body[here : here + 2]) for here in places]
    return [texts[classes[one]] for one in named if one]


def main() -> None:
    """Add what the jars have."""
    names = set(FOUND.read_text().split()) if FOUND.exists() else set()
    for folder in sys.argv[1:]:
        names |= loggers(Path(folder))
    FOUND.write_text("".join(f"{name}\n" for name in sorted(names)))


if __name__ == "__main__":
    main()
