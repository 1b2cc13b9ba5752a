"""Find classes in Spark's jars that log at INFO and that the guard does not know yet.

    python -m tools.generate.loggers .../pyspark/jars [folder of jars ...]

Prints the simple names of Spark's classes that call ``logInfo`` and are not in
``core/output/spark_loggers.txt``; names that others may use have phrases in ``core/output/spark_log.py``
instead. Add a name to the file only where nobody else is likely to use it: a line of a logger that is missing
there is shown, which costs a line and hides nothing.
"""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

from tools import ROOT

FOUND = ROOT / "airflow_spark_guard" / "core" / "output" / "spark_loggers.txt"
_SPARKS = re.compile(
    r"org/apache/spark/(?!deploy/(?:master|worker|history)/|sql/connect/|ml/|mllib/)\S+\.class"
)
_CALL = "logInfo"

# Bytes of each kind of entry in a class file's constant pool, without its tag; text says its length itself.
_TEXT, _LONG = 1, (5, 6)
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


_NAME_AND_TYPE, _METHODS = 12, (10, 11)


def loggers(jars: Path) -> set[str]:
    """The simple names of Spark's classes in these jars that log at INFO."""
    found: set[str] = set()
    for jar in sorted(jars.glob("spark-*.jar")):
        with zipfile.ZipFile(jar) as archive:
            for file in filter(_SPARKS.fullmatch, archive.namelist()):
                body = archive.read(file)
                if _CALL.encode() in body and _CALL in called(body):
                    found.add(file.removesuffix(".class").rsplit("/", 1)[-1].split("$")[0])
    return found


def called(body: bytes) -> set[str]:
    """The names of the methods that a class file refers to."""
    texts, pairs, methods, place, number = {}, {}, [], 10, 1
    while number < int.from_bytes(body[8:10]):
        tag, size = body[place], _SIZES.get(body[place], 0)
        if tag == _TEXT:
            size = 2 + int.from_bytes(body[place + 1 : place + 3])
            texts[number] = body[place + 3 : place + 1 + size].decode(errors="replace")
        elif tag == _NAME_AND_TYPE:
            pairs[number] = int.from_bytes(body[place + 1 : place + 3])
        elif tag in _METHODS:
            methods.append(int.from_bytes(body[place + 3 : place + 5]))
        place += 1 + size
        number += 2 if tag in _LONG else 1
    return {texts[pairs[one]] for one in methods}


def main() -> None:
    """Print what is new."""
    found = set().union(*(loggers(Path(folder)) for folder in sys.argv[1:]))
    print("\n".join(sorted(found - set(FOUND.read_text().split()))))


if __name__ == "__main__":
    main()
