import pytest

from airflow_spark_guard.core.conf.conf_table import SETTINGS, SPARK_VERSIONS, profile_settings
from airflow_spark_guard.core.conf.effective_conf import Layer, effective_conf

KILL = "spark.sql.execution.pyspark.udf.killOnIdleTimeout"
OF_NETWORK = {
    "spark.rpc.askTimeout",
    "spark.rpc.lookupTimeout",
    "spark.rpc.io.connectionCreationTimeout",
    "spark.shuffle.io.connectionTimeout",
    "spark.shuffle.io.connectionCreationTimeout",
}


def merge(user, profile="default"):
    """The profile's keys that were left out, and the notes."""
    own = profile_settings(profile, (4, 2), deadline=600)
    merged = effective_conf(own, Layer("conf", user))
    assert user.items() <= merged.plain().items()
    return own.keys() - merged.values.keys(), merged.notes


@pytest.mark.parametrize(
    ("user", "gone"),
    [
        ({"spark.network.timeout": "300s"}, OF_NETWORK),
        ({"spark.network.timeout": "60s"}, OF_NETWORK),
        ({"spark.network.timeout": "20s"}, OF_NETWORK | {"spark.network.timeoutInterval"}),
        ({"spark.network.timeout": "soon"}, OF_NETWORK),
        (
            {"spark.network.timeout": "5s"},
            OF_NETWORK | {"spark.network.timeoutInterval", "spark.executor.heartbeatInterval"},
        ),
        ({"spark.executor.heartbeatInterval": "200s"}, {"spark.network.timeout"}),
        ({"spark.executor.heartbeatInterval": "180s"}, {"spark.network.timeout"}),
        ({"spark.executor.heartbeatInterval": "150s"}, set()),
        ({"spark.network.timeoutInterval": "200s"}, {"spark.network.timeout"}),
        ({"spark.network.timeoutInterval": "180s"}, set()),
        ({"spark.storage.blockManagerHeartbeatTimeoutMs": "20000"}, {"spark.network.timeoutInterval"}),
        ({"spark.storage.blockManagerHeartbeatTimeoutMs": "600s"}, set()),
        ({"spark.storage.blockManagerTimeoutIntervalMs": "9s"}, {"spark.network.timeoutInterval"}),
        ({"spark.rpc.io.connectionTimeout": "9s"}, {"spark.rpc.io.connectionCreationTimeout"}),
        ({"spark.shuffle.io.connectionTimeout": "9s"}, {"spark.shuffle.io.connectionCreationTimeout"}),
        ({"spark.kryoserializer.buffer.max.mb": "512"}, {"spark.kryoserializer.buffer.max"}),
        ({"spark.plugins": "my.Plugin"}, {"spark.driver.timeout"}),
        ({"spark.driver.timeout": "5min"}, {"spark.plugins"}),
        ({"spark.driver.timeout": "5min", "spark.plugins": "my.Plugin"}, set()),
        ({"spark.kryo.registrationRequired": "true"}, set()),
        ({"spark.kryoserializer.buffer.max": "512m"}, set()),
        ({"spark.kryo.unsafe": "true", "spark.serializer": "my.Own"}, set()),
        (
            {"spark.buffer.size": "131072"},
            {f"spark.sql.execution.{kind}.udf.buffer.size" for kind in ("python", "pandas")},
        ),
        (
            {"spark.python.worker.faulthandler.enabled": "false"},
            {"spark.sql.execution.pyspark.udf.faulthandler.enabled"},
        ),
        ({"spark.executor.memory": "8g", "spark.app.name": "x"}, set()),
    ],
)
def test_the_profile_makes_room_for_what_the_user_sets(user, gone):
    """What the user sets works as it did without the profile, and each loss of ours is told."""
    dropped, notes = merge(user)
    assert dropped == gone
    told = " ".join(notes)
    assert all(key in told for key in gone)
    assert all(next(iter(user)) in note for note in notes)


@pytest.mark.parametrize(
    ("memory", "gone"), [("1g", {"spark.driver.maxResultSize"}), ("4096", set()), ("8g", set())]
)
def test_the_result_must_fit_into_half_the_users_driver(memory, gone):
    """With less memory Spark's own 1 GiB is the safer limit."""
    assert merge({"spark.driver.memory": memory}, "ml-training")[0] == gone


@pytest.mark.parametrize(
    ("user", "kept"),
    [
        ({}, True),
        ({"spark.sql.execution.python.udf.buffer.size": "1024"}, True),
        ({"spark.sql.execution.pandas.udf.buffer.size": "65536"}, False),
        ({"spark.sql.execution.python.udf.buffer.size": "65537"}, False),
        ({"spark.sql.execution.python.udf.buffer.size": "large"}, False),
        ({"spark.buffer.size": "65536"}, False),
        ({"spark.buffer.size": "2048"}, True),
        ({"spark.sql.execution.arrow.maxRecordsPerBatch": "10000"}, False),
        ({"spark.sql.execution.arrow.maxRecordsPerBatch": "0"}, False),
        ({"spark.sql.execution.arrow.maxRecordsPerBatch": "10"}, True),
        ({"spark.sql.execution.python.udf.maxRecordsPerBatch": "5000"}, False),
        ({"spark.python.worker.idleTimeoutSeconds": "30"}, False),
        ({"spark.sql.execution.pyspark.udf.idleTimeoutSeconds": "30"}, False),
        ({"spark.python.worker.killOnIdleTimeout": "false"}, False),
    ],
)
def test_idle_kill_stands_only_on_the_profiles_own_time_out_buffers_and_batches(user, kept):
    """With larger ones a healthy worker is silent for as long as a hung one."""
    dropped, notes = merge(user, "strict")
    assert (KILL not in dropped) == kept
    assert any(KILL in note for note in notes) != kept


def test_a_user_who_sets_idle_kill_gets_it():
    """The user wins over the rule as well."""
    user = {KILL: "true", "spark.sql.execution.pandas.udf.buffer.size": "1m"}
    assert merge(user, "strict") == (set(), ())


@pytest.mark.parametrize(
    "user",
    [
        {"spark.network.timeout": "20s"},
        {"spark.executor.heartbeatInterval": "200s"},
        {"spark.storage.blockManagerHeartbeatTimeoutMs": "20s"},
    ],
)
@pytest.mark.parametrize("profile", ["default", "none"])
def test_a_conf_that_spark_refuses_by_itself_is_foretold(profile, user):
    """The profile cannot mend it; the note says what Spark's message will not."""
    _, notes = merge(user, profile)
    assert notes[-1].startswith(f"Spark will refuse to start: conf sets {next(iter(user))} = ")


def test_where_sparks_own_value_fits_nothing_is_foretold():
    """Leaving ours out was enough."""
    merged = effective_conf(
        {"spark.executor.heartbeatInterval": "30s"}, Layer("conf", {"spark.network.timeout": "20s"})
    )
    assert merged.plain() == {"spark.network.timeout": "20s"}
    assert merged.notes == (
        (
            "conf sets spark.network.timeout = 20s; Spark starts only with "
            "spark.executor.heartbeatInterval < spark.network.timeout. "
            "Left out of the profile: spark.executor.heartbeatInterval."
        ),
        (
            "Spark will refuse to start: conf sets spark.network.timeout = 20s, but Spark requires "
            "spark.network.timeoutInterval <= spark.network.timeout."
        ),
    )


@pytest.mark.parametrize("profile", ["default", "ml-training", "strict"])
@pytest.mark.parametrize("version", SPARK_VERSIONS)
def test_a_profile_keeps_sparks_own_rules_by_itself(profile, version):
    """No rule has anything to leave out where the user sets nothing."""
    own = profile_settings(profile, version, deadline=600)
    assert effective_conf(own).plain() == own


def test_every_start_that_spark_accepts_alone_it_accepts_with_every_profile():
    """Spark's two checks of heartbeats, over a grid of the user's values."""
    network, interval, heartbeat = SETTING_KEYS
    grid = [
        None,
        "5s",
        "10s",
        "20s",
        "30s",
        "45s",
        "60s",
        "100s",
        "119s",
        "120s",
        "150s",
        "180s",
        "181s",
        "300s",
    ]
    for profile in ("default", "ml-training", "strict"):
        own = profile_settings(profile, (4, 2))
        for values in [(a, b, c) for a in grid for b in grid for c in grid]:
            user = {k: v for k, v in zip(SETTING_KEYS, values, strict=True) if v is not None}
            if _starts(user):
                assert _starts(effective_conf(own, Layer("conf", user)).plain()), (profile, user)
    assert _starts({network: "61s", heartbeat: "60s"})
    assert not _starts({network: "61s", interval: "62s"})


SETTING_KEYS = ("spark.network.timeout", "spark.network.timeoutInterval", "spark.executor.heartbeatInterval")


def _starts(conf):
    network, interval, heartbeat = (int(conf.get(key, SETTINGS[key].default)[:-1]) for key in SETTING_KEYS)
    return heartbeat < network and interval <= network
