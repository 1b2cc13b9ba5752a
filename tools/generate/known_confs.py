"""Make the table of known Spark keys from the JVM's own registries.

One run for each Spark version, with that pyspark on the path, one for the keys that a SparkContext reads at
once, then one that combines what they wrote into ``airflow_spark_guard/core/conf/known_confs.tsv``::

    PYTHONPATH=/opt/pyspark-4.3.0 python -m tools.generate.known_confs dump build/confs/4.3.json
    python -m tools.generate.known_confs start build/confs/start.json
    python -m tools.generate.known_confs combine build/confs
"""

from __future__ import annotations

import ast
import json
import re
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = ROOT / "airflow_spark_guard" / "core" / "conf" / "known_confs.tsv"
BUILDER = b"internal/config/ConfigBuilder"
KEY = re.compile(r"spark\.[A-Za-z][\w\-]*(?:\.[\w\-]+)*", re.ASCII)
LITERAL = re.compile(rb"\x01(..)(?=spark\.)", re.DOTALL)
DURATIONS = {"1d": 86400, "1h": 3600, "10min": 600, "1min": 60, "10s": 10, "1s": 1, "100ms": 0.1}
SIZES = {"1t": 1 << 40, "1g": 1 << 30, "100m": 100 << 20, "1m": 1 << 20, "64k": 64 << 10, "1k": 1 << 10}
TIME_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600, "d": 86400}
SIZE_UNITS = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
NUMBERS = ("1", "2", "10", "100", "1000", "10000", "1000000", "0", "-1", "0.5", "0.1", "1.5", "20.0")
BAD = {
    "bool": "banana",
    "int": "banana",
    "long": "banana",
    "double": "banana",
    "duration": "10x",
    "size": "10x",
}

ELSEWHERE = (
    "spark.sql.",
    "spark.yarn.",
    "spark.kubernetes.",
    "spark.history.",
    "spark.worker.",
    "spark.deploy.",
)

OF_THE_MACHINE = {  # what a registry says depends on where it was asked
    "spark.sql.warehouse.dir": "<spark-warehouse in the working directory>",
    "spark.sql.session.timeZone": "<the machine's>",
    "spark.sql.maven.additionalRemoteRepositories": "<a mirror of Maven Central>",
}

# Composed at run time by TransportConf, from a module and a suffix; in no registry.
MODULES = ("shuffle", "rpc", "files")
TRANSPORT = {
    "io.mode": ("NIO", "text"),
    "io.preferDirectBufs": ("true", "bool"),
    "io.connectionTimeout": ("<value of spark.network.timeout>", "duration:s"),
    "io.connectionCreationTimeout": ("<value of the module's io.connectionTimeout>", "duration:s"),
    "io.backLog": ("-1", "int"),
    "io.numConnectionsPerPeer": ("1", "int"),
    "io.serverThreads": ("0", "int"),
    "io.clientThreads": ("0", "int"),
    "io.receiveBuffer": ("-1", "int"),
    "io.sendBuffer": ("-1", "int"),
    "io.maxRetries": ("3", "int"),
    "io.retryWait": ("5s", "duration:s"),
    "io.lazyFD": ("true", "bool"),
    "io.enableVerboseMetrics": ("false", "bool"),
    "io.enableTcpKeepAlive": ("false", "bool"),
    "sasl.timeout": ("30s", "duration:s"),
}
# Keys and beginnings of other keys at once, without an entry in a registry.
KEYS_AND_PREFIXES = {"spark.master"}
# Families whose last part is the user's.
PREFIXES = (
    "spark.hadoop.", "spark.hive.", "spark.executorEnv.", "spark.metrics.conf.", "spark.ssl.",
    "spark.sql.catalog.",
    "spark.worker.resource.", "spark.driver.resource.", "spark.executor.resource.", "spark.task.resource.",
    "spark.driver.rpc.", "spark.executor.rpc.", "spark.driver.shuffle.", "spark.executor.shuffle.",
    "spark.driver.files.", "spark.executor.files.", "spark.scheduler.listenerbus.eventqueue.",
    "spark.plugins.internal.conf.", "spark.security.credentials.", "spark.kafka.", "spark.streaming.kafka.",
    "spark.yarn.appMasterEnv.", "spark.yarn.am.resource.", "spark.yarn.driver.resource.",
    "spark.yarn.executor.resource.", "spark.yarn.executor.", "spark.yarn.driver.",
    *(
        f"spark.kubernetes.{part}."
        for part in (
            "driver.label", "driver.annotation", "driver.service.label", "driver.service.annotation",
            "driver.node.selector", "driver.secrets", "driver.secretKeyRef", "driver.volumes", "driverEnv",
            "executor.label", "executor.annotation", "executor.service.label", "executor.service.annotation",
            "executor.node.selector", "executor.secrets", "executor.secretKeyRef", "executor.volumes",
            "node.selector", "authenticate", "scheduler.volcano",
        )
    ),
)  # fmt: skip


def gateway() -> Any:
    """The JVM of a spark-submit without a SparkContext."""
    from pyspark.java_gateway import launch_gateway  # noqa: PLC0415 - only where a pyspark is on the path

    return launch_gateway().jvm


def jars() -> Iterator[zipfile.ZipFile]:
    """Spark's own jars of the pyspark on the path."""
    import pyspark  # noqa: PLC0415 - the same

    for jar in sorted(Path(pyspark.__file__).parent.glob("jars/spark-*.jar")):
        with zipfile.ZipFile(jar) as file:
            yield file


def load_registry(jvm: Any) -> Any:
    """Initialize every object that builds entries; the registry that they are in."""
    for jar in jars():
        for name in jar.namelist():
            if (
                name.startswith("org/apache/spark/")
                and name.endswith("$.class")
                and BUILDER in jar.read(name)
            ):
                try:
                    jvm.java.lang.Class.forName(name.removesuffix(".class").replace("/", "."))
                except Exception as error:  # noqa: BLE001 - of Py4J, and what a static initializer raises
                    print(f"not loaded: {name}: {str(error).splitlines()[0]}", file=sys.stderr)
    return static(jvm, "org.apache.spark.internal.config.ConfigEntry$", "knownConfigs")


def static(jvm: Any, holder: str, name: str) -> Any:
    """A private value of a Scala object."""
    found = jvm.java.lang.Class.forName(holder)
    module = found.getField("MODULE$").get(None)
    field = next(field for field in found.getDeclaredFields() if field.getName().split("$$")[-1] == name)
    field.setAccessible(True)
    return field.get(module)


def values(collection: Any) -> Iterator[Any]:
    """Of a Java or Scala collection."""
    if isinstance(collection, Iterable):  # Py4J gives Java's as Python's
        yield from collection
        return
    items = collection.iterator()
    while items.hasNext():
        yield items.next()


class Probe:
    """Finds out how Spark reads one key, by giving it values."""

    def __init__(self, jvm: Any, entry: Any) -> None:
        self._jvm, self._entry = jvm, entry

    def read(self, text: str) -> Any:
        """The value that Spark makes of a text; None where it refuses it."""
        conf = self._jvm.java.util.HashMap()
        conf.put(self._entry.key(), text)
        try:
            found = self._entry.readFrom(self._jvm.org.apache.spark.internal.config.ConfigReader(conf))
        except Exception:  # noqa: BLE001 - Py4J's and Java's: a refusal, which is the answer
            return None
        if hasattr(found, "getClass") and found.getClass().getName() == "scala.Some":
            found = found.get()
        if hasattr(found, "getClass") and found.getClass().getName() == "scala.math.BigDecimal":
            found = found.toDouble()
        return found

    def unit(self, samples: dict[str, Any], units: dict[str, Any]) -> str:
        """The unit of a number without one, or nothing where no sample is read as a number."""
        for text, amount in samples.items():
            found = self.read(text)
            if type(found) is int and found > 0:
                return next((name for name, size in units.items() if abs(size * found - amount) < size), "")
        return ""

    def kind(self) -> str:
        """``bool``, ``int``, ``long``, ``double``, ``duration:<unit>``, ``size:<unit>`` or ``text``."""
        if self.read("banana") is None and (self.read("true") is True or self.read("false") is False):
            return "bool"
        for name, samples, units in (("duration", DURATIONS, TIME_UNITS), ("size", SIZES, SIZE_UNITS)):
            unit = self.unit(samples, units)
            if unit:
                return f"{name}:{unit}"
        found = [type(value) for value in map(self.read, NUMBERS) if value is not None]
        if float in found:
            return "double"
        if int in found:
            return "long" if self.read("3000000000") is not None else "int"
        return "text"


def literals() -> set[str]:
    """Texts in Spark's classes and Python files that look like keys: what is read without an entry."""
    import pyspark  # noqa: PLC0415 - see above

    found = set()
    for jar in jars():
        for name in jar.namelist():
            if name.endswith(".class"):
                code = jar.read(name)
                for match in LITERAL.finditer(code):
                    size = int.from_bytes(match[1], "big")
                    found.add(code[match.end() : match.end() + size].decode("utf-8", "replace"))
    for path in Path(pyspark.__file__).parent.rglob("*.py"):
        if not {"tests", "testing", "examples"} & set(path.parts):
            nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            found |= {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return {text for text in found if KEY.fullmatch(text)}


def second(pair: Any) -> Any:
    """The value of an entry of a Scala map."""
    return pair.productElement(1)


def old_keys(jvm: Any) -> dict[str, str]:
    """Key -> ``old:<new key>`` (still read) or ``unused:<what Spark says>``."""
    conf, sql = "org.apache.spark.SparkConf$", "org.apache.spark.sql.internal.SQLConf$"
    notes = {}
    for holder, name in ((conf, "deprecatedConfigs"), (sql, "deprecatedSQLConfigs")):
        for pair in values(static(jvm, holder, name)):
            row = second(pair)
            said = row.deprecationMessage() if holder == conf else row.comment()
            unused = (
                "not used" in said.lower() or "no longer" in said.lower() or "ineffective" in said.lower()
            )
            notes[row.key()] = ("unused:" if unused else "deprecated:") + " ".join(said.split())
    for pair in values(static(jvm, conf, "configsWithAlternatives")):
        for row in values(second(pair)):
            notes[row.key()] = f"old:{pair.productElement(0)}"
    for pair in values(static(jvm, sql, "removedSQLConfigs")):
        row = second(pair)
        notes[row.key()] = f"removed:in {row.version()}. {' '.join(row.comment().split())}"
    return notes


def dump(target: Path) -> None:
    """All that one Spark knows, as JSON."""
    jvm = gateway()
    entries = {}
    for entry in values(load_registry(jvm).values()):
        alternatives = list(values(entry.alternatives()))
        entries[entry.key()] = {
            "since": entry.version(),
            "default": entry.defaultValueString(),
            "kind": Probe(jvm, entry).kind(),
            "alternatives": alternatives,
        }
    found = {"entries": entries, "old": old_keys(jvm), "literals": sorted(literals() - entries.keys())}
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(found, indent=0, sort_keys=True), encoding="utf-8")
    print(
        f"{target.name}: {len(entries)} entries, {len(found['old'])} old, {len(found['literals'])} literals"
    )


def start(target: Path) -> None:
    """Which keys a SparkContext reads when it starts: those that make it fail when they cannot be read."""
    jvm, read = gateway(), []
    for entry in values(load_registry(jvm).values()):
        kind = Probe(jvm, entry).kind().split(":")[0]
        if kind != "text" and not entry.key().startswith(ELSEWHERE):
            conf = jvm.org.apache.spark.SparkConf().setMaster("local[1]").setAppName("probe")
            conf.set("spark.ui.enabled", "false").set(entry.key(), BAD[kind])
            try:
                jvm.org.apache.spark.api.java.JavaSparkContext(conf).stop()
            except Exception:  # noqa: BLE001 - Py4J's: the refusal that is looked for
                read.append(entry.key())
    target.write_text(json.dumps(sorted(read), indent=0), encoding="utf-8")
    print(f"{len(read)} keys are read at the start")


def minor(version: str) -> tuple[int, ...]:
    """``"4.10.1"`` -> ``(4, 10)``."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def combine(folder: Path) -> None:
    """One table of all versions that were dumped."""
    dumps = {path.stem: json.loads(path.read_text()) for path in folder.glob("[0-9]*.json")}
    order = sorted(dumps, key=minor)
    read = set(json.loads((folder / "start.json").read_text()))
    rows = dict(transport_rows())
    rows |= {f"{prefix}*": ["", "", "", "prefix", "", ""] for prefix in PREFIXES}
    for version in order:  # the newest Spark that knows a key says what it is
        rows |= dict(rows_of(dumps[version], version, order[-1], read))
    composed = dict(transport_rows())
    for key, row in rows.items():
        first = next((v for v in order if knows(dumps[v], key)), order[0])
        if key not in composed and (minor(row[0]) > minor(first) if row[0] else first != order[0]):
            row[0] = first  # a fix that was carried back, or a key without an entry
    head = f"# Spark's keys, from the registries of {', '.join(order)}"
    head += " (tools/generate/known_confs.py writes this file).\n"
    head += (
        "# until: the last of these that knows it; empty: the newest. type: <kind>:<unit of a bare number>,\n"
    )
    head += (
        "# empty: read without an entry in a registry. start: a SparkContext of 4.2 in local mode reads it.\n"
    )
    head += "# note: old:<new key> is still read, unused: and removed: are not.\n"
    head += "# key\tsince\tuntil\tdefault\ttype\tstart\tnote\n"
    text = "".join("\t".join([key, *row]).rstrip("\t") + "\n" for key, row in sorted(rows.items()))
    TABLE.write_text(head + text, encoding="utf-8")
    print(f"{TABLE.name}: {len(rows)} rows, {TABLE.stat().st_size >> 10} KiB")


def knows(found: dict[str, Any], key: str) -> bool:
    """Whether that version has the key in any of its tables, as a key or as an old spelling."""
    others = (other for row in found["entries"].values() for other in row["alternatives"])
    return key in found["entries"] or key in found["literals"] or key in found["old"] or key in others


def transport_rows() -> Iterator[tuple[str, list[str]]]:
    """The keys that TransportConf composes."""
    for module in MODULES:
        for suffix, (default, kind) in TRANSPORT.items():
            yield f"spark.{module}.{suffix}", ["", "", default, kind, "", ""]


def rows_of(
    found: dict[str, Any], version: str, newest: str, read: set[str]
) -> Iterator[tuple[str, list[str]]]:
    """since, until, default, type, start, note of each key that this version knows."""
    until = "" if version == newest else version
    composed = {key for key, _ in transport_rows()}
    listed = composed | found["old"].keys() | found["entries"].keys()
    for key in set(found["literals"]) - listed:
        inner = any(other.startswith(f"{key}.") for other in listed) or key.startswith(
            (*PREFIXES, "spark.test.")
        )
        if key in KEYS_AND_PREFIXES or (not inner and not key.endswith("_pb2")):
            yield key, ["", until, "", "", "", ""]
    for key, note in found["old"].items():
        yield key, ["", until, "", "", "", note]
    for key, row in found["entries"].items():
        default = OF_THE_MACHINE.get(key, re.sub(r"[\t\n\r]+", " ", row["default"] or ""))
        note = found["old"].get(key, "")
        yield key, [row["since"], until, default, row["kind"], "1" if key in read else "", note]
        for other in row["alternatives"]:
            yield other, ["", until, "", row["kind"], "", f"old:{key}"]


if __name__ == "__main__":
    {"dump": dump, "start": start, "combine": combine}[sys.argv[1]](Path(sys.argv[2]))
