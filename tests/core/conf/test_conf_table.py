import runpy
from pathlib import Path

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

ROOT = Path(__file__).resolve().parents[3]
RECORD = ROOT / "tests" / "data" / "spark-confs.tsv"
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
                assert number(row.kind, value.format(minutes=1, dump=5), row.bare) >= 0, row.key


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
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.execution.arrow.pyspark.fallback.enabled": "false",
    }
    assert changed("strict") == {
        "spark.network.timeout": "120s",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "100",
        "spark.sql.execution.arrow.pyspark.fallback.enabled": "false",
        "spark.python.worker.idleTimeoutSeconds": "600",
        "spark.sql.execution.pyspark.udf.idleTimeoutSeconds": "600",
        KILL: "true",
    }


def test_the_page_of_profiles_is_up_to_date():
    """``docs/profiles.md`` is what ``tools/render_profiles.py`` writes."""
    renderer = runpy.run_path(str(ROOT / "tools" / "render_profiles.py"))
    assert (ROOT / "docs" / "profiles.md").read_text(encoding="utf-8") == renderer["page"]()
