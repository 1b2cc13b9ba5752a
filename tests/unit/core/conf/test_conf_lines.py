"""The configuration in the log and in the record."""

from __future__ import annotations

from airflow_spark_guard.core.conf.conf_draft import ConfValue
from airflow_spark_guard.core.conf.conf_lines import conf_lines, recorded_conf

VALUES = {
    **{f"spark.p{n}": ConfValue(str(n), "profile") for n in range(30)},
    "spark.network.timeout": ConfValue("240s", "conf"),
    "spark.my.password": ConfValue("geheim-4711", "connection spark_default"),
}


def test_the_log_shows_what_the_user_has_set_and_counts_the_rest():
    """39 lines of every healthy log were configuration."""
    assert conf_lines(VALUES, "default", in_full=False) == [
        "Spark configuration: 2 values set by you, 30 by the profile",
        "spark.my.password=******  [connection spark_default]",
        "spark.network.timeout=240s  [conf]",
        "30 values of the profile default: see conf in the record's summary.json",
    ]


def test_many_values_of_the_user_are_bounded():
    """Twenty of them."""
    many = {f"spark.u{n:03}": ConfValue(str(n), "conf") for n in range(100)}
    lines = conf_lines(many, "none", in_full=False)
    assert len(lines) == 23
    assert lines[-2] == "and 80 more values set by you"


def test_without_a_record_the_log_shows_all():
    """They would else be nowhere."""
    assert len(conf_lines(VALUES, "default", in_full=True)) == 33


def test_the_record_holds_every_value_with_its_origin():
    """Secrets masked."""
    found = recorded_conf(VALUES)
    assert (len(found), found["spark.p3"]) == (32, "3  [profile]")
    assert found["spark.my.password"] == "******  [connection spark_default]"
