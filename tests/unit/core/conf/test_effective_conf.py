from airflow_spark_guard.core.conf.conf_table import profile_settings
from airflow_spark_guard.core.conf.effective_conf import ConfValue, Layer, effective_conf

PROFILE = profile_settings("default", (4, 2), deadline=60)


def test_without_layers_the_profile_is_sent_as_it_is():
    """Every value is the profile's, and nothing is to be said."""
    merged = effective_conf(PROFILE)
    assert merged.plain() == PROFILE
    assert {found.origin for found in merged.values.values()} == {"profile"}
    assert merged.notes == ()


def test_the_higher_layer_wins_and_every_value_knows_its_origin():
    """profile <- file <- connection <- conf."""
    merged = effective_conf(
        PROFILE,
        Layer("file", {"spark.a": "1", "spark.stage.maxAttempts": "3", "spark.b": "1"}),
        Layer("connection", {"spark.a": "2", "spark.b": "2"}),
        Layer("conf", {"spark.a": "3"}),
    )
    assert merged.values["spark.a"] == ConfValue("3", "conf")
    assert merged.values["spark.b"] == ConfValue("2", "connection")
    assert merged.values["spark.stage.maxAttempts"] == ConfValue("3", "file")
    assert merged.values["spark.task.reaper.enabled"] == ConfValue("true", "profile")
    assert merged.notes == ()


def test_a_value_of_several_lines_survives():
    """Nothing of the user's is changed."""
    assert effective_conf({}, Layer("conf", {"spark.x": " a\nb "})).plain() == {"spark.x": " a\nb "}


def test_a_note_shows_no_secret():
    """A note goes to the log."""
    merged = effective_conf(PROFILE, Layer("conf", {"spark.plugins": "token=hunter2"}))
    (note,) = merged.notes
    assert note.startswith("conf sets spark.plugins = token=******; ")


def test_nothing_that_was_given_is_altered():
    """Layers and profile are read only."""
    profile, layer = dict(PROFILE), {"spark.plugins": "my.Plugin"}
    effective_conf(profile, Layer("conf", layer))
    assert profile == PROFILE
    assert layer == {"spark.plugins": "my.Plugin"}
