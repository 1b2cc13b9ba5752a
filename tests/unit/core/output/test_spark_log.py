"""What is surely Spark's own logging, and what is the job's and stays."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.output.spark_log import LevelOf, SparkFilter, head, level_named
from tests.support.paths import DATA

REST = DATA / "rest"
AT = "26/11/29 12:00:00"
JSON = '{"ts":"2026-11-29T12:00:00.123Z","level":"%s","msg":"a \\"b\\" c","context":{"x":"1"},"logger":"%s"}'
SPARKS = [
    f"{AT} INFO SparkContext: Running Spark version 4.2.0",
    f"{AT} INFO TaskSetManager: Starting task 0.0 in stage 3.0 (TID 4)",
    f"{AT} INFO StandaloneAppClient$ClientEndpoint: Executor updated: app-1/0 is now RUNNING",
    f"{AT} INFO org.apache.spark.scheduler.DAGScheduler: Job 0 finished",
    f"{AT} INFO Utils: Successfully started service 'SparkUI' on port 4040.",
    f"{AT} INFO Executor: Running task 0.0 in stage 0.0 (TID 0)",
    f"{AT} INFO Executor: Running Spark version 4.2.0",
    f"{AT} INFO PythonRunner: Starting Python task execution - task 2.0 in stage 0 (TID 2)",
    f"{AT} INFO Utils: /tmp/x/job.zip has been previously copied to /tmp/y/job.zip",
    f"{AT} INFO Client: Application report for application_1_2 (state: ACCEPTED)",
    f"{AT} DEBUG ShutdownHookManager: ShutdownHookManager completed shutdown.",
    f"{AT} INFO Master: Registering worker 127.0.0.1:36601 with 1 cores, 1024.0 MiB RAM",
    f"{AT} INFO Master: Telling app of lost worker: worker-20261129135548-127.0.0.1-39525",
    f"{AT} INFO Worker: Asked to launch executor app-20261129133520-0000/0 for shop",
    f"{AT} INFO BaseAllocator: Debug mode disabled. Enable with the VM option -Da=true.",
    "2026-11-29 12:00:00,123 INFO org.apache.spark.SparkContext: Running",
    "2026-11-29 12:00:00,123 INFO  org.apache.spark.scheduler.DAGScheduler (Logging.scala:logInfo(54)) - Job 0",
    f"{AT} INFO FileOutputCommitter: File Output Committer Algorithm version is 1",
    f"{AT} INFO CodeGenerator: Code generated in 12.3 ms",
    f"{AT} INFO MemoryStore: Block broadcast_0 stored as values in memory",
    f"{AT} INFO JobScheduler: Added jobs for time 1764417600000 ms",
    f"{AT} INFO Utils: Fetching spark://h:7077/files/job.zip to /tmp/x",
    f"{AT} INFO Executor: Adding file:/tmp/x.jar to class loader default",
    "2026-11-29T12:00:00.123Z [main] INFO TaskSetManager - Finished task",
    "2026-11-29 12:00:00.123+01:00 INFO [dispatcher-1] TaskSetManager: Finished task",
    JSON % ("INFO", "TaskSetManager"),
]
# Spark, Hadoop or Hive have these names too.
USERS_TOO = (
    *("TaskRunner", "HttpClient", "DataSource", "JobScheduler", "SessionManager"),
    *("CacheManager", "QueueManager", "RateLimiter", "FileUtils", "HdfsUtils"),
    *("StringUtils", "CrossValidator", "SchemaValidator", "DataLoader", "RetryPolicy"),
    *("StateStore", "ObjectStore", "MetricsSystem", "HealthTracker", "FileAppender"),
    *("PythonRunner", "HikariPool"),
)
JOBS = [
    "26/11/29 12:00:00 INFO my.app: rows=3",
    f"{AT} INFO TrainingJob: epoch 3",
    f"{AT} INFO __main__: epoch 3",
    f"{AT} INFO Utils: I have loaded 3 rows",
    f"{AT} INFO Client: called the service",
    f"{AT} INFO Executor: 3 of 5 steps",
    f"{AT} INFO Worker: 3 of 5 steps",
    f"{AT} INFO Master: all workers are done",
    f"{AT} INFO com.acme.etl.TaskRunner: 5 rows of 7 written",
    "2026-11-29 12:00:00,123 INFO my_job.RateLimiter - tick",
    "2026-11-29 12:00:00,123 [main] INFO com.acme.FileUtils - copied",
    f"{AT} INFO com.acme.SparkContext: mine",
    f"{AT} INFO com.acme.Utils$Inner: Fetching a to b",
    "2026-11-29 12:00:00,123 INFO  scheduler.DAGScheduler - may be anybody's",
    f"{AT} INFO org.apache.sedona.DAGScheduler: mine",
    f"{AT} INFO Utils: Fetched 5 rows",
    f"{AT} INFO Executor: Adding 5 rows to the mart",
    f"{AT} INFO Client: Setting up the client of acme",
    f"{AT} INFO JobScheduler: day 3 done",
    f"{AT} INFO CodeGenerator: 3 codes",
    f"{AT} INFO MemoryStore: Block 3 of 5",
    *(f"{AT} INFO {name}: 5 rows" for name in USERS_TOO),
    JSON % ("INFO", "com.acme.JobScheduler"),
    "2026-11-29 12:00:00,123 INFO root: three rows",
    "2026-11-29 12:00:00,123 - my.module - INFO - three rows",
    "2026-11-29 12:00:00,123 INFO my.module: three rows",
    "2026-11-29 12:00:00,123 ERROR my.module: three rows",
    "INFO:root:three rows",
    "INFO SparkContext: a line without a date",
    f"saw {AT} INFO SparkContext: in a log",
    '{"level": "INFO", "msg": "three rows"}',
    JSON % ("INFO", "my.app"),
    "{}",
    "",
    "+---+---+",
    "26/11/29",
]


@pytest.mark.parametrize("line", SPARKS)
def test_sparks_own_lines_are_left_out_below_the_level(line):
    """In its default layout, in the usual ones with an ISO date, and as JSON."""
    sparks = SparkFilter("WARN")
    assert sparks.shown([line.encode(), b"own"], 0.0) == [b"own"]
    assert sparks.left_out == 1
    assert SparkFilter().shown([line.encode()], 0.0) == [line.encode()]
    warning = line.replace("INFO", "WARN").replace("DEBUG", "WARN").encode()
    assert SparkFilter("WARN").shown([warning], 0.0) == [warning]


@pytest.mark.parametrize("line", JOBS)
def test_what_may_be_the_jobs_own_always_stays(line):
    """Prints, Python's logging, and Log4j under a name of the user's."""
    assert SparkFilter("ERROR").shown([line.encode()], 0.0) == [line.encode()]


@pytest.mark.parametrize("version", ["3.5.7", "4.0.1", "4.2.0", "4.3.0"])
def test_every_info_line_of_a_recorded_driver_is_known(version):
    """Of four versions of Spark, on a standalone master."""
    lines = (REST / version / "submit.log").read_bytes().splitlines()
    kept = SparkFilter("WARN").shown(lines, 0.0)
    assert len(lines) > 5
    assert [line for line in kept if b" INFO " in line] == []


def test_a_message_of_several_lines_is_left_out_whole():
    """Parquet's writer prints its schema for each task of a local master."""
    lines = [
        f"{AT} INFO ParquetWriteSupport: Initialized Parquet WriteSupport with Catalyst schema:",
        *("{", '  "type" : "struct",', '  "fields" : [ {', '    "name" : "id",', '    "type" : "long",'),
        *('    "nullable" : false,', '    "metadata" : { }', "  } ]", "}"),
        *("and corresponding Parquet message type:", "message spark_schema {", "  required int64 id;", "}"),
        *("", "       ", "my own line", '  "type" : "mine"', "}"),
    ]
    kept = SparkFilter("WARN").shown([line.encode() for line in lines], 0.0)
    assert kept == [b"my own line", b'  "type" : "mine"', b"}"]


def test_the_plan_of_a_cached_frame_in_a_schedulers_line_is_left_out():
    """It is the name of the frame's RDD; the user's own explain() begins with a heading."""
    plan = ["+- *(1) Range (0, 960000, step=1, splits=48)", " MapPartitionsRDD[5] at count at X.java:0)"]
    own = ["== Physical Plan ==", "*(1) Project", "+- *(1) Range (0, 9, step=1, splits=4)"]
    lines = [
        *(f"{AT} INFO DAGScheduler: Submitting ResultStage 0 (MapInPandas f(id#0L), false", *plan),
        *(f"{AT} INFO DAGScheduler: Submitting 9 missing tasks from ResultStage 0 (MapInPandas f(i)", *plan),
        *own,
    ]
    kept = SparkFilter("WARN").shown([line.encode() for line in lines], 0.0)
    assert kept == [line.encode() for line in own]


EXIT = [
    "Calling System.exit() with exit code 1 because spark.submit.callSystemExitOnMainExit=true",
    "org.apache.spark.SparkUserAppException: User application exited with 1",
    "\tat org.apache.spark.deploy.PythonRunner$.main(PythonRunner.scala:127)",
    "\tat org.apache.spark.deploy.SparkSubmit.main(SparkSubmit.scala)",
]


def test_the_frames_of_spark_submit_below_a_failed_script_are_left_out():
    """They say the exit code only, and would stand between the script's traceback and the verdict."""
    own = ["KeyError: 'a'", *EXIT, "mine", "\tat home", "I saw: " + EXIT[0]]
    lines = [line.encode() for line in own]
    assert SparkFilter("WARN").shown(lines, 0.0) == [lines[0], *lines[5:]]
    assert SparkFilter("INFO").shown(lines, 0.0) == lines


def test_json_of_the_job_behind_parquets_schema_stays():
    """The block ends at the brace that closes the message."""
    lines = [
        f"{AT} INFO ParquetWriteSupport: Initialized Parquet WriteSupport with Catalyst schema:",
        *("{", '  "type" : "struct"', "}", "and corresponding Parquet message type:"),
        *(
            "message spark_schema {",
            "  optional group a {",
            "    optional int64 id;",
            "  }",
            "}",
            "",
            "       ",
        ),
        *("{", '  "name": "daily",', '  "rows": 5', "}"),
    ]
    kept = SparkFilter("WARN").shown([line.encode() for line in lines], 0.0)
    assert kept == [b"{", b'  "name": "daily",', b'  "rows": 5', b"}"]


def test_a_users_client_hides_nothing_behind_it():
    """YARN's report is hidden by its fields, not by its tab."""
    lines = [f"{AT} INFO Client: ".encode(), b"\t client token: N/A", b"\t my own table"]
    assert SparkFilter("WARN").shown(lines, 0.0)[-1] == b"\t my own table"


def test_what_follows_another_info_line_stays():
    """A table may be printed right behind one."""
    lines = [f"{AT} INFO DAGScheduler: Job 0 finished".encode(), b"root", b" |-- id: long", b"\tat home"]
    assert SparkFilter("WARN").shown(lines, 0.0) == lines[1:]


@pytest.mark.parametrize(
    ("lines", "levels"),
    [
        (["print", f"{AT} INFO SparkContext: x", "print"], ["INFO"] * 3),
        ([f"{AT} WARN TaskSetManager: Lost task", "print"], ["WARN", "INFO"]),
        (
            [
                f"{AT} ERROR Executor: Exception in task 0.0",
                "java.io.IOException: broken",
                "\tat a.b(C.java:1)",
                "Caused by: x.Y: why",
                "\t... 12 more",
                "print",
                "  indented",
            ],
            ["ERROR"] * 5 + ["INFO"] * 2,
        ),
        (
            [
                f"{AT} ERROR Utils: Aborting task",
                "org.apache.spark.api.python.PythonException: Traceback (most recent call last):",
                '  File "/jobs/a.py", line 18, in clean',
                "ModuleNotFoundError: No module named 'x'",
                " SQLSTATE: 38000",
                "\tat a.b(C.java:1)",
            ],
            ["ERROR"] * 6,
        ),
        (
            [
                f"{AT} WARN Utils: Service 'SparkUI' could not bind on port 4040.",
                "Traceback (most recent call last):",
                '  File "/jobs/a.py", line 18, in clean',
                "KeyError: 'a'",
            ],
            ["WARN"] + ["INFO"] * 3,
        ),
        ([JSON % ("ERROR", "TaskSetManager")], ["ERROR"]),
        ([f"{AT} FATAL Executor: x"], ["FATAL"]),
        (["2026-11-29 12:00:00,123 ERROR my.module: x"], ["INFO"]),
        (["2026-11-29 12:00:00,123 ERROR TaskSetManager: x"], ["ERROR"]),
        (["ERROR", "  File"], ["INFO", "INFO"]),
    ],
)
def test_each_line_has_its_level(lines, levels):
    """A stack trace has the level of the line above it; what is not Spark's logging is INFO."""
    level_of = LevelOf()
    assert [level_of.line(line) for line in lines] == levels


def test_a_line_that_is_no_message_says_nothing_of_itself():
    """Nor does one that is cut off."""
    assert head(b"print") is None
    assert head(f"{AT} INFO".encode()) is None


@pytest.mark.parametrize(
    ("text", "level"), [("WARN", "WARN"), (" info ", "INFO"), ("verbose", None), ("", None)]
)
def test_levels_have_names(text, level):
    """In whatever case."""
    assert level_named(text) == level
