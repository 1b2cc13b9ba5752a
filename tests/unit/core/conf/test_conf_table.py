import pytest

from airflow_spark_guard.core.conf.conf_table import (
    PROFILES,
    SETTINGS,
    SPARK_VERSIONS,
    TABLE,
    dump_interval,
    known_version,
    profile_settings,
)
from airflow_spark_guard.core.conf.spark_value import number
from tests.support.paths import DATA
from tools.generate import profiles

RECORD = DATA / "spark-confs.tsv"
KILL = "spark.sql.execution.pyspark.udf.killOnIdleTimeout"


def recorded():
    lines = RECORD.read_text(encoding="utf-8").splitlines()
    return {line.split("\t")[0]: line.split("\t")[1:3] for line in lines if not line.startswith("#")}


def test_every_key_stands_in_sparks_own_registry_with_that_version_and_default():
    """Key, first version and default are Spark's, not ours."""
    record = recorded()
    assert record.keys() == SETTINGS.keys()
    for key, (since, default) in record.items():
        row = SETTINGS[key]
        if since == "unlisted":
            assert row.since is None, key
        else:
            assert (row.since, row.default) == (tuple(map(int, since.split(".")[:2])), default), key


def test_every_value_is_one_that_spark_can_read():
    """Each value parses by the kind of its row."""
    for row in SETTINGS.values():
        assert row.values, row.key
        for value in row.values.values():
            if row.kind == "text":
                assert value.strip(), row.key
            else:
                assert number(row.kind, value.format(minutes=1, idle=600, dump=5), row.bare) >= 0, row.key


def test_every_row_has_a_reason_of_one_line_and_a_known_profile():
    """A reason can stand behind a ``#``; a misspelt profile would send nothing."""
    for row in SETTINGS.values():
        assert row.reason.endswith("."), row.key
        assert "\n" not in row.reason, row.key
        assert row.values.keys() <= set(PROFILES) - {"none"}, row.key


def test_no_key_stands_in_two_rows():
    """The groups of the page make up the table."""
    assert sum(map(len, TABLE.values())) == len(SETTINGS)


@pytest.mark.parametrize("version", SPARK_VERSIONS)
@pytest.mark.parametrize("profile", PROFILES)
def test_a_key_is_sent_only_to_a_spark_that_knows_it(profile, version):
    """No version gets a key that is younger than itself."""
    for key in profile_settings(profile, version, deadline=60):
        assert SETTINGS[key].since is None or SETTINGS[key].since <= version


@pytest.mark.parametrize("version", [None, (), (4,), (9, 9), (3, 4), (4, 0), (4, 0, 2)])
def test_an_unknown_spark_gets_what_the_oldest_supported_one_knows(version):
    """A version that we do not know is treated as 4.0."""
    assert known_version(version) == (4, 0)
    assert profile_settings("default", version) == profile_settings("default", (4, 0))


def test_the_driver_timeout_is_the_deadline_in_minutes_and_two_more():
    """The JVM's own end is a backstop behind the guard's."""
    conf = profile_settings("default", (4, 2, 0), deadline=61)
    assert conf["spark.driver.timeout"] == "4min"
    assert conf["spark.plugins"] == "org.apache.spark.deploy.DriverTimeoutPlugin"


@pytest.mark.parametrize(
    ("deadline", "stall_timeout", "seconds"),
    [
        (None, None, 120),
        (3600, 600, 120),
        (3600, 45, 15),
        (3600, 100, 33),
        (60, 600, 20),
        (None, 20.0, 6),
        (3600, 9, 5),
        (3600, 0.5, 5),
    ],
)
def test_workers_dump_their_stack_three_times_within_the_shorter_limit(deadline, stall_timeout, seconds):
    """At most every 2 minutes apart; below 5 s what they write would look like rows."""
    assert dump_interval(deadline, stall_timeout) == seconds
    conf = profile_settings("default", (4, 2), deadline, stall=stall_timeout)
    assert {value for key, value in conf.items() if key.endswith("DumpIntervalSeconds")} == {str(seconds)}


@pytest.mark.parametrize(("version", "deadline"), [((4, 2), None), ((3, 5), 60)])
def test_without_a_deadline_or_before_spark_4_there_is_no_backstop(version, deadline):
    """The plugin is left out together with its time-out: Spark 3.5 has no such class."""
    conf = profile_settings("default", version, deadline)
    assert not {"spark.plugins", "spark.driver.timeout"} & conf.keys()


def test_the_profile_named_none_is_empty():
    """``none`` sends nothing."""
    assert profile_settings("none", (4, 2), deadline=60) == {}


def test_only_strict_kills_idle_workers_and_never_without_small_buffers_and_batches():
    """Silence on output is the only thing that idle-kill sees."""
    for version in SPARK_VERSIONS:
        assert KILL not in profile_settings("default", version)
        assert KILL not in profile_settings("ml-training", version)
        strict = profile_settings("strict", version)
        assert (KILL in strict) == (version >= (4, 1))
        if KILL in strict:
            assert strict["spark.sql.execution.python.udf.buffer.size"] == "4096"
            assert strict["spark.sql.execution.pandas.udf.buffer.size"] == "4096"
            assert strict["spark.sql.execution.arrow.maxRecordsPerBatch"] == "100"


def test_the_default_profile_leaves_a_jobs_resources_alone():
    """Memory, cores and dynamic allocation are the user's."""
    forbidden = ("memory", "cores", "dynamicAllocation", "maxResultSize", "fallback")
    assert [
        key for key in profile_settings("default", (4, 3)) if any(word in key for word in forbidden)
    ] == []


def test_ml_training_and_strict_differ_from_default_only_where_the_page_says_so():
    """The extra keys of each profile, and the changed values."""

    def changed(profile):
        base = profile_settings("default", (4, 2), 60)
        return {k: v for k, v in profile_settings(profile, (4, 2), 60).items() if base.get(k) != v}

    assert changed("ml-training") == {
        "spark.driver.memory": "4g",
        "spark.driver.maxResultSize": "2g",
    }
    assert changed("strict") == {
        "spark.network.timeout": "120s",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "100",
        "spark.python.worker.idleTimeoutSeconds": "600",
        "spark.sql.execution.pyspark.udf.idleTimeoutSeconds": "600",
        KILL: "true",
    }


@pytest.mark.parametrize(("stall", "idle"), [(None, "600"), (30.0, "600"), (600.0, "600"), (1800.5, "1801")])
def test_the_idle_kill_follows_the_stall_limit_and_is_never_shorter_than_ten_minutes(stall, idle):
    """A user who lets a stage stand still for half an hour lets a worker be silent for as long."""
    conf = profile_settings("strict", (4, 2), stall=stall)
    assert {value for key, value in conf.items() if key.endswith("idleTimeoutSeconds")} == {idle}


def test_only_a_python_applications_jvm_is_ended_with_its_main():
    """The main of a jar may return while its threads go on."""
    key = "spark.submit.callSystemExitOnMainExit"
    python, jar = profile_settings("default", (4, 2)), profile_settings("default", (4, 2), python=False)
    assert python.keys() - jar.keys() == {key}


# Key -> why a job that works under Spark's own value works under ours too.
HARMLESS = {
    "spark.network.timeout": "never shorter than Spark's own",
    "spark.network.timeoutInterval": "the moment of a loss, which no job can count on",
    "spark.executor.heartbeatInterval": "Spark's own",
    "spark.rpc.askTimeout": "Spark's own, as network.timeout gives it",
    "spark.rpc.lookupTimeout": "Spark's own, as network.timeout gives it",
    "spark.rpc.io.connectionCreationTimeout": "Spark's own, as network.timeout gives it",
    "spark.shuffle.io.maxRetries": "Spark's own",
    "spark.shuffle.io.retryWait": "Spark's own",
    "spark.shuffle.io.connectionTimeout": "Spark's own, as network.timeout gives it",
    "spark.shuffle.io.connectionCreationTimeout": "Spark's own, as network.timeout gives it",
    "spark.shuffle.io.enableTcpKeepAlive": "closes only what is dead",
    "spark.shuffle.compress": "Spark's own",
    "spark.shuffle.spill.compress": "Spark's own",
    "spark.io.compression.codec": "Spark's own",
    "spark.kryoserializer.buffer.max": "only larger",
    "spark.task.reaper.enabled": "watches, as long as there is no killTimeout",
    "spark.task.reaper.pollingInterval": "Spark's own",
    "spark.task.reaper.threadDump": "Spark's own",
    "spark.executor.processTreeMetrics.enabled": "a figure",
    "spark.scheduler.listenerbus.exitTimeout": "ten minutes for listeners that lag when the job is over",
    "spark.scheduler.listenerbus.eventqueue.capacity": "only larger",
    "spark.sql.maxPlanStringLength": "cuts the text of a plan, not the plan: tests/integration/spark",
    "spark.submit.callSystemExitOnMainExit": "for Python applications only: tests/integration/spark",
    "spark.plugins": "Spark's own plugin, behind the guard's deadline",
    "spark.driver.timeout": "behind the guard's deadline",
    "spark.driver.memory": "only larger; the page says that the host must have it",
    "spark.driver.maxResultSize": "only larger",
    "spark.python.worker.faulthandler.enabled": "a file beside the worker",
    "spark.sql.execution.pyspark.udf.faulthandler.enabled": "a file beside the worker",
    "spark.python.worker.tracebackDumpIntervalSeconds": "writes to the executor's log",
    "spark.sql.execution.pyspark.udf.tracebackDumpIntervalSeconds": "writes to the executor's log",
    "spark.sql.execution.python.udf.buffer.size": "when rows are sent, not which: tests/integration/spark",
    "spark.sql.execution.pandas.udf.buffer.size": "when rows are sent, not which: tests/integration/spark",
    "spark.sql.execution.arrow.pythonUDF.columnarInput.enabled": "as in Spark 4.1: tests/integration/spark",
    "spark.python.worker.idleTimeoutSeconds": "a line in a log",
    "spark.sql.execution.pyspark.udf.idleTimeoutSeconds": "a line in a log, but for the kill below",
}
# What `strict` is for; the page says that it may end a job which would have come to its end.
ENDS_ON_PURPOSE = {
    "spark.sql.execution.pyspark.udf.killOnIdleTimeout",
    "spark.sql.execution.arrow.maxRecordsPerBatch",
}


def test_each_key_was_asked_whether_a_job_that_worked_could_fail():
    """A new key needs an answer here, and, where it is risky, a test on real Spark."""
    assert HARMLESS.keys() | ENDS_ON_PURPOSE == SETTINGS.keys()
    for key in ENDS_ON_PURPOSE:
        assert SETTINGS[key].values.keys() == {"strict"}


def test_what_a_reason_calls_sparks_own_is_sparks_own():
    """Or what Spark would take from its network.timeout of 120 s."""
    for key, reason in HARMLESS.items():
        if reason.startswith("Spark's own,") and "plugin" not in reason:
            assert set(SETTINGS[key].values.values()) == {"120s"}, key
        elif reason == "Spark's own":
            assert set(SETTINGS[key].values.values()) == {SETTINGS[key].default}, key


def test_the_page_of_profiles_is_up_to_date():
    """``docs/profiles.md`` is what ``tools/generate/profiles.py`` writes."""
    assert profiles.PAGE.read_text(encoding="utf-8") == profiles.page()
