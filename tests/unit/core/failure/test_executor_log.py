"""What dead executors have written: recorded from a real cluster and a real Java, and each row of the table."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.failure.executor_log import ROWS, DeadLog, best, explained, telling, unread
from airflow_spark_guard.core.stacktraces.autopsy import DeathCause
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding
from tests.support import paths

DATA = paths.DATA / "executor-stderr"
HEAD = '"--driver-url" "spark://CoarseGrainedScheduler@drv.example:7001" "--executor-id" "3"\n'
CODE_1, CODE_137 = "Command exited with code 1", "Command exited with code 137"


def dead(text, reason=CODE_1, executor="3", host="node-7"):
    return DeadLog(executor, host, reason, text)


def row_of(text, reason=CODE_1):
    found = telling(dead(text, reason))
    return None if found is None else found[0].name


def test_a_driver_whose_name_no_worker_knows_is_named():
    """Recorded: spark.driver.host=driver.invalid on a standalone cluster."""
    cause = best([dead((DATA / "unknown-host.txt").read_text())])
    assert (
        cause.text
        == "stderr of executor 3 on node-7: Caused by: java.net.UnknownHostException: driver.invalid"
    )
    assert cause.advice.startswith(
        "Executors cannot reach the driver at driver.invalid:41995. Set spark.driver.host"
    )
    assert "SPARK_LOCAL_IP" in cause.advice
    assert "137" not in cause.advice
    assert cause.retry is False


def test_a_driver_that_refuses_is_named():
    """Recorded: an address where nothing listens."""
    cause = best([dead((DATA / "refused.txt").read_text())])
    assert cause.text.endswith("java.io.IOException: Failed to connect to /127.0.0.2:36683")
    assert "spark.driver.host" in cause.advice
    assert cause.retry is None


# A text for each row; those of Java are what Java 17 printed here.
TEXTS = (
    ("disk_full", "java.io.IOException: No space left on device"),
    ("threads", "java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory or limits reached"),
    ("memory", "java.lang.OutOfMemoryError: Java heap space"),
    ("native_crash", "# A fatal error has been detected by the Java Runtime Environment:"),
    ("native_memory", "# There is insufficient memory for the Java Runtime Environment to continue."),
    ("driver_unknown", HEAD + "Caused by: java.net.UnknownHostException: drv.example"),
    ("driver_unreachable", HEAD + "java.io.IOException: Failed to connect to drv.example/10.0.0.1:7001"),
    ("driver_unreachable", HEAD + "java.io.IOException: Connecting to x timed out\nAnnotatedNoRouteToHostException: No route to host: drv.example/10.0.0.1:7001"),
    ("driver_silent", HEAD + "ERROR CoarseGrainedExecutorBackend: Cannot register with driver: spark://CoarseGrainedScheduler@drv.example:7001"),
    ("authentication", "java.lang.RuntimeException: javax.security.sasl.SaslException: DIGEST-MD5: digest response format violation. Mismatched response."),
    ("java_agent", "Error opening zip file or JAR manifest missing : /nonexistent.jar\nError occurred during initialization of VM\nagent library failed to init: instrument"),
    ("java_agent", "Error occurred during initialization of VM\nCould not find agent library nope on the library path, with error: libnope.so: cannot open shared object file: No such file or directory"),
    ("java_heap", "Error occurred during initialization of VM\nCould not reserve enough space for 16777216KB object heap"),
    ("java_heap", "Error occurred during initialization of VM\nToo small maximum heap"),
    ("java_option", "Unrecognized VM option 'NoSuchOption'\nError: Could not create the Java Virtual Machine."),
    ("java_option", "Unrecognized option: --nope\nError: Could not create the Java Virtual Machine."),
    ("java_missing", 'java.io.IOException: Cannot run program "/opt/jdk/bin/java" (in directory "/w/3"): error=2, No such file or directory'),
    ("main_class", "Error: Could not find or load main class org.apache.spark.executor.CoarseGrainedExecutorBackend\nCaused by: java.lang.ClassNotFoundException: org.apache.spark.executor.CoarseGrainedExecutorBackend"),
    ("java_version", "java.lang.UnsupportedClassVersionError: org/apache/spark/X has been compiled by a more recent version"),
    ("spark_version", "java.io.InvalidClassException: org.apache.spark.rpc.netty.RpcEndpointVerifier$CheckExistence; local class incompatible"),
    ("jar_missing", "java.lang.ClassNotFoundException: com.acme.Plugin"),
    ("local_dir", "ERROR DiskBlockManager: Failed to create any local dir."),
    ("python_missing", 'Cannot run program "/opt/py/bin/python3": error=2, No such file or directory'),
)  # fmt: skip


@pytest.mark.parametrize(("name", "text"), TEXTS)
def test_each_row_by_its_text(name, text):
    """The first row of the table decides."""
    assert row_of(text) == name


def test_every_row_has_a_text_and_advice():
    """And none of them speaks of exit code 137."""
    assert [row.name for row in ROWS] == list(dict.fromkeys(name for name, _ in TEXTS))
    assert all(row.advice and "137" not in row.advice for row in ROWS)


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "java.net.UnknownHostException: kafka-1",
        HEAD + "java.net.UnknownHostException: drv.example2",
        HEAD + "java.io.IOException: Failed to connect to node-9/10.0.0.9:7337",
        "java.net.UnknownHostException: drv.example",
        "",
        "all is well",
    ],
)
def test_a_host_that_is_not_the_drivers_says_nothing_of_the_driver(text):
    """The job may ask for any host."""
    assert row_of(text) is None


@pytest.mark.parametrize(
    "reason", [CODE_137, "Executor heartbeat timed out after 120000 ms", "exit code 143(SIGTERM)"]
)
def test_an_executor_that_was_killed_from_outside_did_not_fail_to_start(reason):
    """Whatever its log speaks of."""
    lines = (
        HEAD
        + "java.net.UnknownHostException: drv.example\njava.lang.ClassNotFoundException: com.acme.Plugin\n"
    )
    assert row_of(lines, reason) is None
    assert row_of(f"{lines}java.lang.OutOfMemoryError: Java heap space", reason) == "memory"


def test_an_executor_that_has_worked_could_reach_its_driver():
    """Its driver may have gone since."""
    worked = "INFO CoarseGrainedExecutorBackend: Successfully registered with driver\n"
    lines = HEAD + worked + "java.io.IOException: Failed to connect to drv.example/10.0.0.1:7001"
    assert row_of(lines) is None


HOURS = "26/11/29 12:00:00 WARN MapOutputTracker: x\n" * 2000


@pytest.mark.parametrize(
    ("line", "code", "name"),
    [
        ("Authentication failed for user bob\njava.lang.OutOfMemoryError: Java heap space", 52, "memory"),
        ("java.lang.ClassNotFoundException: org.acme.Optional\nNo space left on device", 50, "disk_full"),
        ("java.lang.NoClassDefFoundError: x\n# A fatal error has been detected by the Java Runtime", 1, "native_crash"),
        ("# There is insufficient memory for the Java Runtime Environment to continue.", 1, "native_memory"),
        ("Authentication failed for user bob, falling back to key", 50, None),
        ("java.lang.ClassNotFoundException: org.acme.Optional", 50, None),
        ('Cannot run program "/opt/py/bin/python3": error=2', 1, None),
        ("java.io.InvalidClassException: x; local class incompatible", 1, None),
        (HEAD + "Failed to connect to drv.example/10.0.0.1:7001", 1, None),
    ],
)  # fmt: skip
def test_an_executor_that_registered_hours_ago_did_not_fail_to_start(line, code, name):
    """The line that says so has left the end of its log; a job's own log speaks of classes and logins."""
    log = DeadLog("3", "h", f"Command exited with code {code}", (HOURS + line)[-65536:], registered=True)
    found = telling(log)
    assert (found and found[0].name) == name
    assert found is None or found[1].retry is None


def test_what_ends_an_executor_at_work_goes_before_what_its_job_logs():
    """Also where it is not known whether it registered: the UI is off, and the master's page names it."""
    noise = 'Authentication failed for user bob\nClassNotFoundException: x\nCannot run program "python"\n'
    for line, name in (("java.lang.OutOfMemoryError: x", "memory"), ("Disk quota exceeded", "disk_full")):
        assert row_of(noise + line) == name


SPARKS_OWN = """\tat java.base/java.lang.ProcessBuilder.start(ProcessBuilder.java:1170)
\tat java.base/java.lang.ProcessBuilder.start(ProcessBuilder.java:1089)
\tat org.apache.spark.api.python.PythonWorkerFactory.startDaemon(PythonWorkerFactory.scala:287)
"""


@pytest.mark.parametrize(
    ("line", "program"),
    [
        ('Cannot run program "/opt/py/bin/python3.11": error=2', "/opt/py/bin/python3.11"),
        ('Cannot run program "pypy3": error=2', "pypy3"),
        (
            f'Cannot run program "/opt/run-it": error=2, No such file or directory\n{SPARKS_OWN}',
            "/opt/run-it",
        ),
        ('Cannot run program "nvidia-smi": error=2', None),
        ('Cannot run program "/opt/python-tools/convert": error=2', None),
        ('Cannot run program "nvidia-smi": error=2\n\tat org.acme.Gpu.find(Gpu.java:1)\n', None),
    ],
)
def test_only_a_python_that_is_missing_is_called_so_by_its_name(line, program):
    """Spark and its plugins start other programs as well."""
    found = telling(dead(line))
    assert (found and found[0].name) == (program and "python_missing")
    assert found is None or f"cannot run the Python program {program}: set" in found[1].advice


def test_what_most_of_them_say_counts():
    """And how many say so."""
    space, memory = dead("No space left on device"), dead("OutOfMemoryError: Java heap space")
    cause = best([memory, space, dead("", executor="4"), space])
    assert cause.text == "stderr of executor 3 on node-7: No space left on device (and 1 more executor)"
    assert best([dead("nothing")]) is None
    assert best([]) is None


def test_a_log_is_untrusted():
    """Bounded, masked, escaped."""
    cause = best([dead("\x1b[2J password=hunter2 No space left on device " + "x" * 5000, host="")])
    assert cause.text.startswith("stderr of executor 3: [2J password=****** No space left")
    assert len(cause.text) < 250
    assert unread([dead("one\n\n\x1b[2Jtwo\n\n")]) == "last line of executor 3's stderr: [2Jtwo"
    assert unread([]) == unread([dead("\n")]) == ""


def test_an_ipv6_driver_is_known():
    """Brackets or not."""
    head = "spark://CoarseGrainedScheduler@[fd00::7]:7001\n"
    assert row_of(f"{head}java.io.IOException: Failed to connect to /fd00::7:7001") == "driver_unreachable"


@pytest.mark.parametrize("verdict", [Verdict.EXECUTORS_LOST, Verdict.STARVED])
def test_the_executors_own_words_go_before_their_exit_codes(verdict):
    """Advice and retry follow the evidence."""
    finding = Finding(verdict, "What.", 1.0, 1.0, got="code 1", advice="137 is mostly memory")
    found = explained(finding, DeathCause("stderr: x", "Set it.", retry=False))
    assert (found.got, found.advice, found.retry) == ("stderr: x; code 1", "Set it.", False)
    assert explained(finding, None) is finding


def test_other_verdicts_have_causes_of_their_own():
    """An executor that died long ago does not explain a stall."""
    finding = Finding(Verdict.STALLED, "What.", 1.0, 1.0)
    assert explained(finding, DeathCause("t", "a")) is finding
