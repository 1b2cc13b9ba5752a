import pytest

from airflow_spark_guard.core.conf.conf_table import SETTINGS
from airflow_spark_guard.core.conf.known_confs import known_confs, parse

KNOWN = known_confs()


def test_the_table_holds_every_key_of_the_profile_with_its_version_kind_and_unit():
    """Two records of one registry agree."""
    for key, setting in SETTINGS.items():
        row = KNOWN.get(key)
        assert row is not None, key
        if row.since:
            assert tuple(map(int, row.since.split(".")[:2])) == setting.since, key
            assert row.default == setting.default, key
        if row.kind in {"duration", "size"} and setting.kind == row.kind:
            assert row.bare == setting.bare, key
        # Spark takes buffer sizes as plain numbers of bytes only, and some time-outs as text.
        assert row.kind in {setting.kind, "text", "long"} or (row.kind, setting.kind) == ("int", "size"), key


def test_the_table_names_no_machine():
    """Defaults that depend on where the registry was asked are told in words."""
    for row in KNOWN.rows.values():
        assert not any(word in row.default for word in ("/work", "/root", "/home", "maven2")), row


@pytest.mark.parametrize(
    ("key", "known"),
    [
        ("spark.network.timeout", True),
        ("spark.shuffle.io.maxRetries", True),
        ("spark.hadoop.fs.s3a.endpoint", True),
        ("spark.sql.catalog.mine.uri", True),
        ("spark.kubernetes.executor.label.team", True),
        ("spark.master", True),
        ("spark.netwrok.timeout", False),
        ("spark.sql.nonexistent.thing", False),
    ],
)
def test_a_key_is_known_by_itself_or_by_its_family(key, known):
    assert KNOWN.is_known(key) is known


def test_nearest_is_the_key_that_was_meant_or_nothing():
    assert KNOWN.nearest("spark.netwrok.timeout") == "spark.network.timeout"
    assert KNOWN.nearest("spark.executor.memoryoverhead") == "spark.executor.memoryOverhead"
    assert KNOWN.nearest("spark.entirely.of.my.own") is None


def test_first_and_last_versions_and_old_spellings_are_told():
    assert KNOWN.get("spark.python.worker.tracebackDumpIntervalSeconds").since == "4.1.0"
    assert KNOWN.get("spark.mesos.coarse").until == "3.5"
    assert KNOWN.get("spark.kryoserializer.buffer.max.mb").new_key == "spark.kryoserializer.buffer.max"
    assert "spark.kryoserializer.buffer.max.mb" in KNOWN.old_spellings("spark.kryoserializer.buffer.max")
    assert "excludeOnFailure" in KNOWN.get("spark.blacklist.enabled").why_dead
    assert KNOWN.get("spark.network.timeout").why_dead == ""
    assert KNOWN.get("spark.network.timeout").read_at_start


def test_a_line_may_end_after_any_column():
    """Trailing empty columns are not written."""
    known = parse(
        "# head\nspark.a\nspark.b\t1.0\t\t5s\tduration:ms\t1\told:spark.a\nspark.c.*\t\t\t\tprefix\n"
    )
    assert known.get("spark.a").kind == ""
    assert (known.get("spark.b").kind, known.get("spark.b").bare) == ("duration", "ms")
    assert known.is_known("spark.c.anything")
    assert not known.is_known("spark.c")
    assert known.get("spark.c.anything") is None
