"""Why an executor died, by its stderr: one table, with an advice in each row.

A log also has the job's own output. So a row about the start of an executor applies only to one that never
registered with the driver and was not killed from outside, and the host in a match must be the driver's.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.stacktraces.autopsy import DeathCause
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_spark_guard.core.watch.finding import Finding

_LONGEST_LINE, _LINE, _NAME = 2000, 200, 64
_WORKED = "Successfully registered with driver"
_EXPLAINED = frozenset({Verdict.EXECUTORS_LOST, Verdict.STARVED})
_DRIVER_URL = re.compile(
    r"CoarseGrainedScheduler@(?P<host>\[[^\]\s]{1,100}\]|[^:\s\"]{1,255}):(?P<port>\d{1,5})"
)
_SIGNALLED = re.compile(
    r"\b(?:code|status:?) \(?(?:129|1[3-5]\d)\b|exceeding (?:physical|virtual) memory limits|OOMKilled"
    r"|heartbeat timed out",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class LogRow:
    """One cause of death.

    Attributes:
        name: of the row, for tests.
        pattern: matches within one line; a group ``host`` must be the driver's.
        advice: what to do; ``{driver}`` stands for the driver's address, ``{program}`` for the group of that
            name in the pattern.
        retry: whether another try can help; None if the verdict decides.
        start: whether it is about an executor that never registered: it does not apply to one that did, nor
            to one that was killed from outside.
    """

    name: str
    pattern: re.Pattern[str]
    advice: str
    retry: bool | None = None
    start: bool = True


@dataclass(frozen=True)
class DeadLog:
    """The end of a dead executor's stderr.

    Attributes:
        executor: Spark's id.
        host: where it ran; empty if it is not known.
        reason: why Spark removed it, in Spark's words.
        text: untrusted.
        registered: whether it registered with the driver. The log's line about that may be hours before its
            end.
    """

    executor: str
    host: str
    reason: str
    text: str
    registered: bool = False


_REACH = (
    "Executors cannot reach the driver at {driver}. Set spark.driver.host to a name or address of this "
    "machine that every worker can resolve and reach (with spark.driver.bindAddress if it is not a local "
    "one), or SPARK_LOCAL_IP; open spark.driver.port and spark.driver.blockManager.port in firewalls and "
    "containers."
)
_JVM_OPTIONS = (
    "Correct spark.executor.extraJavaOptions (or JDK_JAVA_OPTIONS, JAVA_TOOL_OPTIONS on the workers): every "
    "file that it names must be on every worker, and the workers' Java must support every option."
)
_HOST_MEMORY = (
    "The host does not have the memory that the executor's JVM requests: lower spark.executor.memory (and "
    "-Xms in spark.executor.extraJavaOptions), or give the workers more."
)
_IMAGE = (
    "Check SPARK_HOME, spark.executor.extraClassPath and the Spark version on that host, or the image of "
    "the executors (spark.kubernetes.executor.container.image): Spark is incomplete there."
)


def _row(name: str, pattern: str, advice: str, *, retry: bool | None = None, start: bool = True) -> LogRow:
    return LogRow(name, re.compile(pattern), advice, retry, start)


# The first row found anywhere in the log decides. Causes that end a running executor come first: a job's own
# log may also name a missing class or a failed login.
ROWS: Final = (
    _row(
        "disk_full",
        r"No space left on device|Disk quota exceeded",
        "The disk of that host is full: free spark.local.dir (SPARK_LOCAL_DIRS), move it to a larger disk, "
        "or write less shuffle data (fewer partitions at once, spark.shuffle.compress).",
        start=False,
    ),
    _row(
        "threads",
        r"OutOfMemoryError: unable to create (?:new )?native thread|Too many open files",
        "The host's limit on threads or open files was reached: raise ulimit -u and -n (or pids.max of the "
        "container) for the workers, or use fewer cores for an executor.",
        start=False,
    ),
    _row(
        "memory",
        r"OutOfMemoryError",
        "The executor's JVM ran out of memory: raise spark.executor.memory, make more and smaller "
        "partitions, or collect less in one task.",
        start=False,
    ),
    _row(
        "native_crash",
        r"A fatal error has been detected by the Java Runtime",
        "A native library crashed the executor's JVM: hs_err_pid*.log in its working directory names it.",
        start=False,
    ),
    _row(
        "native_memory",
        r"insufficient memory for the Java Runtime",
        _HOST_MEMORY,
        start=False,
    ),
    _row(
        "driver_unknown",
        r"UnknownHostException: (?P<host>\[[^\]\s]{1,100}\]|[^:\s]{1,255})",
        _REACH,
        retry=False,
    ),
    _row(
        "driver_unreachable",
        r"(?:Failed to connect to|Connection refused: |connection timed out: |No route to host: |"
        r"Network is unreachable: ) ?(?P<host>[^:/\s]{0,255})/?[^\s]{0,100}",
        _REACH,
    ),
    _row(
        "driver_silent",
        r"Cannot register with driver|(?:lookupTimeout|askTimeout|"
        r"TimeoutException).{0,200}CoarseGrainedScheduler",
        _REACH,
    ),
    _row(
        "authentication",
        r"SaslException|Authentication (?:failed|error)|Unable to authenticate|Mismatched response",
        "Driver and executors do not share a secret: set spark.authenticate, spark.authenticate.secret and "
        "spark.network.crypto.* to equal values on both sides.",
        retry=False,
    ),
    _row(
        "java_agent",
        r"Error opening zip file or JAR manifest missing|agent library failed|Could not find agent library",
        _JVM_OPTIONS,
        retry=False,
    ),
    _row(
        "java_heap",
        r"Could not reserve enough space for|"
        r"Initial heap size set to a larger value|Too small (?:initial|maximum) heap|"
        r"Invalid (?:initial|maximum) heap",
        _HOST_MEMORY,
    ),
    _row(
        "java_option",
        r"Unrecognized (?:VM )?option|Could not create the Java Virtual Machine|Error occurred during "
        r"initialization of (?:VM|boot layer)",
        _JVM_OPTIONS,
        retry=False,
    ),
    _row(
        "java_missing",
        r"Cannot run program \"[^\"\n]{0,300}\bjava\"|JAVA_HOME is not set|bin/java: No such file",
        "There is no Java where the worker looks for it: set JAVA_HOME on that host "
        "(spark.executorEnv.JAVA_HOME for this application), or correct the image of the executors.",
        retry=False,
    ),
    _row("main_class", r"Could not find or load main class", _IMAGE, retry=False),
    _row(
        "java_version",
        r"UnsupportedClassVersionError",
        "The workers' Java is older than the one that Spark or a jar was built for: give the workers the "
        "Java of the driver.",
        retry=False,
    ),
    _row(
        "spark_version",
        r"InvalidClassException: org\.apache\.spark\.|local class incompatible",
        "The workers run another version of Spark than the driver: install one version on both.",
        retry=False,
    ),
    _row(
        "jar_missing",
        r"(?:ClassNotFoundException|NoClassDefFoundError): \S+",
        "A class is missing on the executors: name its jar in spark.jars or packages (the driver's class "
        "path alone is not enough), or put it into their image.",
        retry=False,
    ),
    _row(
        "local_dir",
        r"Failed to create (?:any )?local dir|Failed to create a temp directory",
        "The executor cannot write its local directory: check spark.local.dir (SPARK_LOCAL_DIRS) and its "
        "permissions on that host.",
    ),
    _row(
        "python_missing",
        # By its name, or because Spark's code for Python workers starts it.
        r"Cannot run program \"(?P<program>[^\"\n]{0,300}\b(?:python|pypy)[\d.]*(?=\")|[^\"\n]{1,300}"
        r"(?=\"[^\n]{0,300}\n(?:\s+at [^\n]{0,300}\n){1,9}\s+at org\.apache\.spark\.api\.python\.))",
        "That host cannot run the Python program {program}: set spark.pyspark.python (or PYSPARK_PYTHON) to "
        "an interpreter that every worker has.",
        retry=False,
    ),
)


def telling(log: DeadLog) -> tuple[LogRow, DeathCause] | None:
    """The row that a log matches, and the cause of death; None if no row matches."""
    text = log.text
    url = next(_DRIVER_URL.finditer(text), None)
    driver = url["host"].strip("[]") if url is not None else ""
    worked = log.registered or _WORKED in text or _SIGNALLED.search(log.reason) is not None
    for row in ROWS:
        if worked and row.start:
            continue
        for found in row.pattern.finditer(text):
            if "host" not in row.pattern.groupindex or _names(found[0], driver):
                address = f"{url['host']}:{url['port']}" if url is not None else "its address"
                program = found["program"] if "program" in row.pattern.groupindex else ""
                advice = row.advice.replace("{driver}", one_line(address, _LINE))
                advice = advice.replace("{program}", one_line(program, _LINE))
                return row, DeathCause(_quoted(log, _line_at(text, found.start())), advice, row.retry)
    return None


def best(logs: Iterable[DeadLog]) -> DeathCause | None:
    """The cause that most of the logs show; None if no row matches any."""
    found = [match for log in logs if (match := telling(log)) is not None]
    if not found:
        return None
    ((name, count),) = Counter(row.name for row, _ in found).most_common(1)
    cause = next(cause for row, cause in found if row.name == name)
    more = f" (and {count - 1} more executor{'s' if count > 2 else ''})" if count > 1 else ""  # noqa: PLR2004
    return replace(cause, text=f"{cause.text}{more}")


def explained(finding: Finding, cause: DeathCause | None) -> Finding:
    """The finding with the cause from the executors' logs, which is better evidence than their exit codes."""
    if cause is None or finding.verdict not in _EXPLAINED:
        return finding
    got = "; ".join(part for part in (cause.text, finding.got) if part)
    return replace(finding, got=got, advice=cause.advice, retry=cause.retry)


def _names(found: str, driver: str) -> bool:
    """Whether the match names the driver's host, and not one that begins like it."""
    return bool(driver) and (
        driver in re.split(r"[\s/<>()]+|:(?=\d+\b)", found) or (":" in driver and driver in found)
    )


def _line_at(text: str, at: int) -> str:
    begin = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    return text[begin : end if end >= 0 else len(text)][:_LONGEST_LINE]


def _quoted(log: DeadLog, line: str) -> str:
    on = f" on {one_line(log.host, _NAME)}" if log.host else ""
    return f"stderr of executor {one_line(log.executor, _NAME)}{on}: {one_line(line, _LINE)}"


def unread(logs: Sequence[DeadLog]) -> str:
    """One line on logs that match no row, with the last line of the newest; empty if that has no lines."""
    lines = [line for line in logs[0].text.splitlines() if line.strip()] if logs else []
    if not lines:
        return ""
    last = one_line(lines[-1][:_LONGEST_LINE], _LINE)
    return f"last line of executor {one_line(logs[0].executor, _NAME)}'s stderr: {last}"
