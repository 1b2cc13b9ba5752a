import copy
import json
import pickle

import pytest

from airflow_spark_guard.core.conf import properties
from airflow_spark_guard.core.conf.conf_table import SETTINGS, profile_settings
from airflow_spark_guard.core.conf.effective_conf import Layer
from airflow_spark_guard.core.conf.profile import SparkProfile
from airflow_spark_guard.core.errors import ConfError, ProfileError
from tests.unit.core.templater import Later, context


def test_a_profile_can_be_written_in_three_ways():
    """A profile, a name, or nothing at all."""
    strict = SparkProfile("strict")
    assert SparkProfile.of(strict) is strict
    assert SparkProfile.of("strict") == strict
    assert SparkProfile.of(None) == SparkProfile("default")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("strikt", "Did you mean 'strict'?"),
        ("ml_training", "Did you mean 'ml-training'?"),
        ("zzz", "Use one of them"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_one(name, advice):
    """The message names it, the known ones and the likely one."""
    with pytest.raises(
        ProfileError, match=r"^Unknown Spark profile\.\n  got: '\w+'\n  expected: one of default, ml-t"
    ) as e:
        SparkProfile.of(name)
    assert e.value.got == repr(name)
    assert e.value.advice.startswith(advice)


@pytest.mark.parametrize("name", [5, True, ["strict"], {"name": "strict"}])
def test_a_name_that_is_no_text_is_refused(name):
    """Also what cannot be hashed or compared."""
    with pytest.raises(ProfileError, match=r"^Unknown Spark profile"):
        SparkProfile.of(name)


def test_overrides_that_are_no_mapping_are_refused():
    """The message says what to write."""
    with pytest.raises(
        ProfileError, match=r"(?s)^SparkProfile\.overrides is not valid\.\n  got: list.*Write overrides="
    ):
        SparkProfile(overrides=[("a", "b")])


def test_overrides_are_checked_at_once_unless_they_are_templates():
    """A wrong unit fails when the DAG is parsed."""
    with pytest.raises(ConfError, match=r"^SparkProfile\.overrides sets spark\.network\.timeout to a value"):
        SparkProfile(overrides={"spark.network.timeout": "soon"})
    assert SparkProfile(overrides={"spark.network.timeout": "{{ wait }}"}).overrides


def test_templates_are_rendered_and_checked_in_the_task():
    """A new object; the old one stays a template."""
    profile = SparkProfile("{{ which }}", {"spark.a": "{{ a }}", "spark.b": 5})
    done = profile.resolve(context(which="strict", a="x"))
    assert done == SparkProfile("strict", {"spark.a": "x", "spark.b": 5})
    assert profile.name == "{{ which }}"
    with pytest.raises(ProfileError, match=r"got: 'strikt'"):
        profile.resolve(context(which="strikt", a="x"))


def test_overrides_may_come_from_another_task():
    """What has a ``resolve`` of its own is resolved in the task."""
    profile = SparkProfile(overrides=Later({"spark.late": "1"}))
    assert profile.serialize() == {"name": "default", "overrides": "later"}
    assert profile.resolve(context()).settings()["spark.late"] == "1"


def test_what_is_shown_is_short_plain_and_without_secrets():
    """Airflow stores it as JSON and shows it to every reader."""
    profile = SparkProfile("strict", {"spark.my.password": "hunter2", "spark.n": 1})
    assert json.loads(json.dumps(profile.serialize())) == {
        "name": "strict",
        "overrides": {"spark.my.password": "******", "spark.n": "1"},
    }
    assert repr(SparkProfile()) == "SparkProfile('default')"
    assert (
        repr(profile) == "SparkProfile('strict', overrides={'spark.my.password': '******', 'spark.n': '1'})"
    )
    assert str(profile) == repr(profile)


def test_a_profile_is_copied_pickled_and_closed_against_the_callers_changes():
    """Operators are copied; the mapping that was given stays the caller's."""
    overrides = {"spark.a": "1"}
    profile = SparkProfile("strict", overrides)
    overrides["spark.a"] = "2"
    assert profile.overrides == {"spark.a": "1"}
    assert copy.deepcopy(profile) == pickle.loads(pickle.dumps(profile)) == profile  # noqa: S301 - our own bytes


def test_settings_are_the_table_and_the_overrides():
    """The user's override wins over the table."""
    conf = SparkProfile("default", {"spark.stage.maxAttempts": 3, "spark.x": True}).settings(
        (4, 2), deadline=60
    )
    assert conf == {
        **profile_settings("default", (4, 2), 60),
        "spark.stage.maxAttempts": "3",
        "spark.x": "true",
    }


def test_overrides_are_the_users_and_lie_below_the_other_layers():
    """An override is never left out, and the connection wins over it."""
    profile = SparkProfile("default", {"spark.rpc.askTimeout": "9s", "spark.x": "1"})
    merged = profile.effective(
        Layer("connection", {"spark.network.timeout": "300s", "spark.x": "2"}),
        spark_version=(4, 2),
        deadline=60,
    )
    assert merged.values["spark.rpc.askTimeout"].origin == "SparkProfile.overrides"
    assert merged.values["spark.x"].origin == "connection"
    assert "spark.rpc.lookupTimeout" not in merged.values
    assert merged.values["spark.driver.timeout"].value == "3min"


def test_the_dump_interval_follows_the_limits_and_gives_way_to_the_user():
    """A value of the user's holds, whichever of the two keys he sets."""
    rdd, sql = (
        f"spark.{part}.tracebackDumpIntervalSeconds"
        for part in ("python.worker", "sql.execution.pyspark.udf")
    )
    values = SparkProfile().effective(spark_version=(4, 2), deadline=3600, stall=45).plain()
    assert (values[rdd], values[sql]) == ("15", "15")
    values = (
        SparkProfile()
        .effective(Layer("conf", {rdd: "60"}), spark_version=(4, 2), deadline=3600, stall=45)
        .plain()
    )
    assert values[rdd] == "60"
    assert sql not in values


def test_the_defaults_file_holds_every_key_below_its_reason():
    """Deterministic, readable by Spark, and it ends with a line end."""
    profile = SparkProfile("strict", {"spark.x": "a\nb"})
    text = profile.to_defaults_conf((4, 1), deadline=60)
    assert text == profile.to_defaults_conf((4, 1), deadline=60)
    assert text.startswith("# Profile strict, for Spark 4.1.\n\n# ")
    assert text.endswith("# Set by SparkProfile.overrides.\nspark.x=a\\nb\n")
    assert properties.parse(text) == profile.settings((4, 1), deadline=60)
    for key, value in profile_settings("strict", (4, 1), 60).items():
        assert f"\n# {SETTINGS[key].reason}\n{key}={value}\n" in text


def test_the_defaults_file_of_none_is_a_comment():
    """A file that sets nothing."""
    assert SparkProfile("none").to_defaults_conf() == "# Profile none, for Spark 4.2.\n"
