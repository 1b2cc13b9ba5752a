"""Recognises lines of Spark's own logging in a job's output, and which of them the task log leaves out.

Only lines that are certainly Spark's are left out: they have a date, a level and a logger of Spark or of its
libraries. A name with a dot must match a whole package. Spark's default layout prints names without package
(``%c{1}``): ``spark_loggers.txt`` beside this module lists names that log at INFO in a driver and that other
code is unlikely to use (``tools/generate/loggers.py`` finds candidates in Spark's jars); names that a user
may choose count only with a phrase of Spark's. Whatever a job prints, logs with Python, or logs with Log4j
under a name of its own is kept.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Final, Literal

from airflow_spark_guard.core.clock import MonotonicTime
from airflow_spark_guard.core.output.worker_dumps import WorkerDumps

if TYPE_CHECKING:
    from collections.abc import Sequence

Level = Literal["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
LEVELS: Final[tuple[Level, ...]] = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")

_NAMES = rb"(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)"
# Spark's default layout, ``26/11/29 12:00:00 INFO SparkContext: ...``, and the usual ones with an ISO date.
_DEFAULT = re.compile(rb"\d\d/\d\d/\d\d \d\d:\d\d:\d\d " + _NAMES + rb" +([\w.$-]{1,300}): ?([^\n]*)")
_ISO = re.compile(
    rb"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d)? +(?:\[[^\]\n]{1,100}\] +)?"
    + _NAMES
    + rb" +(?:\[[^\]\n]{1,100}\] +)?([\w.$-]{1,300})(?::| - | \() ?([^\n]*)"
)
# ``spark.log.structuredLogging.enabled``; the fields have this order.
_JSON = re.compile(
    rb'\{"ts":"[\dT:.Z-]{1,40}","level":"' + _NAMES + rb'","msg":.*"logger":"([\w.$-]{1,300})"()\}\s*'
)
_PACKAGES = (
    *(b"org.apache.spark.", b"org.apache.hadoop.", b"org.apache.parquet.", b"org.apache.orc."),
    *(b"org.apache.hive.", b"org.apache.zookeeper.", b"org.apache.curator.", b"org.apache.arrow."),
    b"org.sparkproject.",
)
_PYTHON = re.compile(
    rb"Times: total = \d|Starting Python task execution |Python (?:worker|daemon) |"
    rb"(?:Terminating|Waiting for|Idle timeout reached for) Python worker |Started ServerSocket on "
)
# Names that a user's logger may have too: they count as Spark's only with whole phrases of Spark.
_COMMON_NAMES = {
    b"Utils": re.compile(
        rb"Successfully started service '|Set SPARK_LOCAL_IP if |Fetching \S+ to |Copying \S+ to /|"
        rb"Untarring \S+ to |Untarring \S+$|Your hostname, |\S+ has been previously copied to /"
    ),
    b"Executor": re.compile(
        rb"(?:Running|Finished) task \d+\.\d+ in stage |Running Spark version \d|Starting executor ID |"
        rb"Starting executor with user classpath |OS info \S+, |Java version \d|"
        rb"Fetching \S+ with timestamp \d|"
        rb"Adding \S+ to class loader |Created or updated repl class loader |Using REPL class URI: |"
        rb"Told to re-register on heartbeat|Not reporting error to driver |"
        rb"Executor (?:is trying to kill|killed|interrupted and killed) task "
    ),
    b"Client": re.compile(
        rb"$|Application report for application_|Submitting application application_|"
        rb"Setting up (?:container launch context|the launch environment) for our AM|"
        rb"Requesting a new application from cluster|Verifying our application has not requested |"
        rb"Will allocate AM container, |Preparing resources for our AM container|"
        rb"Uploading resource \S+ -> |Deleted staging directory |"
        rb"Source and destination file systems are the same"
    ),
    b"CodeGenerator": re.compile(rb"Code generated in [\d.]+ ms"),
    b"CodecPool": re.compile(rb"Got brand-new (?:de)?compressor "),
    b"FileInputFormat": re.compile(rb"Total input (?:files|paths) to process : "),
    b"HiveUtils": re.compile(rb"Initializing HiveMetastoreConnection "),
    b"Instrumentation": re.compile(rb"\[[0-9a-f]{8}\] "),
    # Master and workers of a local-cluster, which run in the driver's JVM.
    b"Master": re.compile(
        rb"Starting Spark master at |Running Spark version |I have been elected leader!|"
        rb"(?:Registering|Removing) (?:app|worker) |Registered app |Start scheduling for app |"
        rb"(?:Launching|Removing) executor |Received unregister request from application |Telling app of |"
        rb"\S+ got disassociated, removing it"
    ),
    b"Worker": re.compile(
        rb"Worker (?:decommissioning not enabled|cleanup enabled)|Starting Spark worker |"
        rb"Running Spark version |Spark home: |Connecting to master |Successfully registered with master |"
        rb"Asked to (?:launch|kill) (?:unknown )?executor |(?:Unknown )?Executor \S+ finished with state |"
        rb"Cleaning up local directories for application "
    ),
    # Arrow's, in every job with an Arrow function.
    b"BaseAllocator": re.compile(rb"Debug mode "),
    b"CheckAllocator": re.compile(rb"Using DefaultAllocationManager at "),
    b"DefaultAllocationManagerOption": re.compile(rb"allocation manager type "),
    b"JobGenerator": re.compile(rb"(?:Checkpointing graph|Restarted|Stopped|Started) .*\b(?:time|at) \d+ ms"),
    b"JobScheduler": re.compile(
        rb"Added jobs for time \d+ ms|(?:Starting|Finished) job streaming job \d|"
        rb"Total delay: [\d.]+ s for time "
    ),
    b"MemoryStore": re.compile(rb"Block \S+ stored as |MemoryStore (?:started with capacity|cleared)"),
    b"MetricsConfig": re.compile(rb"Loaded properties from \S+\.properties"),
    b"PythonRunner": _PYTHON,
    b"PythonUDFRunner": _PYTHON,
    b"ProgressContext": re.compile(rb"Streaming query (?:made progress: |has been idle )"),
    b"ResourceProfile": re.compile(rb"Default ResourceProfile created, |Limiting resource is "),
    b"ResourceUtils": re.compile(rb"=+$|(?:No custom resources configured|Custom resources) for spark\."),
    b"RocksDB": re.compile(rb".*\b(?:StateStoreId\(|NativeRocksDB)"),
    b"SecurityManager": re.compile(
        rb"Changing (?:view|modify) acls |SecurityManager: authentication (?:dis|en)abled;"
    ),
    b"SharedState": re.compile(rb"Warehouse path is '|Setting hive\.metastore\.warehouse\.dir "),
    b"SignalUtils": re.compile(rb"Registering signal handler for "),
    b"StateStore": re.compile(rb".*\bState ?Store"),
    b"WatermarkTracker": re.compile(rb"Updating event-time watermark from "),
    b"deprecation": re.compile(rb"\S+ is deprecated\. Instead, use "),
}  # fmt: skip
# Messages of several lines: patterns of their further lines, by logger.
_BLOCKS = {
    b"ParquetWriteSupport": re.compile(
        rb"[\s{}\[\],]*$|  +(?:optional|required|repeated) |message \w+ \{|"
        rb"\s*\"(?:type|name|nullable|metadata|fields|elementType|containsNull|keyType|valueType|"
        rb"valueContainsNull)\"|and corresponding Parquet message type:"
    ),
    b"Client": re.compile(
        rb"\t +(?:client token|diagnostics|ApplicationMaster (?:host|RPC port)|queue|start time|final status|"
        rb"tracking URL|user): "
    ),
    # An RDD of a cached frame has the frame's plan as its name.
    b"DAGScheduler": re.compile(rb"[ :|]*[+:]- |\s*\w*RDD\[\d+\] at |\s*$"),
    b"SparkContext": re.compile(rb"spark\.[\w.-]+="),
}
# Parquet's schema ends at the brace that closes it; an empty line and one of blanks follow.
_END_OF_SCHEMA, _BLANK = b"}", re.compile(rb"\s*$")
_SCHEMA_BEGINS = re.compile(rb"message \w+ \{")
# What spark-submit prints after a failed script: the exit code again, and its own frames.
_EXIT = re.compile(
    rb"Calling System\.exit\(\) with exit code \d+ because spark\.submit\.callSystemExitOnMainExit=true\s*|"
    rb"org\.apache\.spark\.SparkUserAppException: User application exited with \d+\s*"
)
_FRAMES = re.compile(rb"\tat ")
_GOES_ON = re.compile(rb"\s+\S|Caused by: |Suppressed: |Driver stacktrace:|[\w.$]+(?:Error|Exception)\b")


@dataclass(frozen=True)
class Head:
    """The first line of a log message.

    Attributes:
        level: as printed.
        logger: simple name of the logger.
        is_sparks: whether it is certainly from Spark or one of its libraries.
    """

    level: Level
    logger: bytes
    is_sparks: bool


def head(line: bytes) -> Head | None:
    """Level and logger of a line; None if it is not the first line of a message in Spark's layout."""
    first = line[:1]
    if first == b"{":
        found = _JSON.fullmatch(line)
    elif first.isdigit():
        found = _DEFAULT.match(line) or _ISO.match(line)
    else:
        return None
    if found is None:
        return None
    name, _, _ = found[2].rpartition(b".")[2].partition(b"$")
    is_sparks = found[2].startswith(_PACKAGES) if b"." in found[2] else _is_known(name, found[3])
    if not is_sparks and found.re is not _DEFAULT:
        return None  # other logging may have this layout
    return Head(LEVELS[LEVELS.index(found[1].decode())], name, is_sparks)


def _is_known(name: bytes, message: bytes) -> bool:
    """Whether a name without package, as Spark's default layout prints it, is certainly Spark's."""
    common = _COMMON_NAMES.get(name)
    return name in _loggers() if common is None else common.match(message) is not None


@functools.cache
def _loggers() -> frozenset[bytes]:
    return frozenset((files(__package__) / "spark_loggers.txt").read_bytes().split())


@dataclass
class SparkFilter:
    """Leaves out Spark's own lines below a level, and if INFO is hidden, stacks dumped by Python workers.

    Attributes:
        least: the lowest level that is shown.
    """

    least: Level = "TRACE"
    _left_out: int = 0
    _block: re.Pattern[bytes] | None = None
    _schema: Literal["before", "inside", "after"] = "before"
    _dumps: WorkerDumps = field(default_factory=WorkerDumps)
    _hidden: frozenset[Level] = field(init=False)

    def __post_init__(self) -> None:
        self._hidden = frozenset(LEVELS[: LEVELS.index(self.least)])

    @property
    def left_out(self) -> int:
        """Number of lines left out so far."""
        return self._left_out + self._dumps.left_out

    def shown(self, lines: Sequence[bytes], now: MonotonicTime) -> list[bytes]:
        """The lines to show; ``now`` in seconds of a monotonic clock."""
        if not self._hidden:
            return list(lines)
        kept = [line for line in lines if not self._hides(line)]
        self._left_out += len(lines) - len(kept)
        return self._dumps.shown(kept, now) if "INFO" in self._hidden else kept

    def due(self, now: MonotonicTime) -> list[bytes]:
        """Held lines that are due to be shown; call it regularly even if no line comes."""
        return self._dumps.due(now)

    def rest(self) -> list[bytes]:
        """Lines that are still held at the end."""
        return self._dumps.rest()

    def _hides(self, line: bytes) -> bool:
        found = head(line)
        if found is not None:
            hides = found.is_sparks and found.level in self._hidden
            goes_on = line.rstrip().endswith(b":") or line.count(b"(") > line.count(b")")
            self._block = _BLOCKS.get(found.logger) if hides and goes_on else None
            self._schema = "before"
            return hides
        if self._block is not None and self._block.match(line) and self._goes_on(line):
            return True
        if "INFO" in self._hidden and _EXIT.fullmatch(line):
            self._block = _FRAMES
            return True
        self._block = None
        return False

    def _goes_on(self, line: bytes) -> bool:
        """Whether Parquet's schema continues; always True for other messages."""
        if self._schema == "after":
            return _BLANK.match(line) is not None
        if _SCHEMA_BEGINS.match(line):
            self._schema = "inside"
        elif self._schema == "inside" and line.startswith(_END_OF_SCHEMA):
            self._schema = "after"
        return True


class LevelOf:
    """The level of each line, in order; lines that continue a warning or an error have its level."""

    def __init__(self) -> None:
        self._current: Level = "INFO"

    def line(self, text: str) -> Level:
        """The level of the next line; ``INFO`` for everything that is not Spark's logging."""
        raw = text.encode(errors="replace")
        found = head(raw)
        if found is not None:
            self._current = found.level
        elif self._current != "INFO" and not _GOES_ON.match(raw):
            self._current = "INFO"
        return self._current


def level_named(text: str) -> Level | None:
    """The level with this name, in any case; None if there is none."""
    return next((level for level in LEVELS if level == text.strip().upper()), None)
