"""The user's own configuration, layer by layer."""

import pytest

from airflow_spark_guard.attempt.user_conf import UserConf
from airflow_spark_guard.core.errors import ConfError


def test_the_layers_are_those_of_the_user_lowest_first(tmp_path):
    """Each with its origin, which messages name."""
    file = tmp_path / "mine.conf"
    file.write_text("spark.a 1\nother.b 2\n")
    conf = UserConf(str(file), "x", {"spark.a": "2"}, {"spark.a": "3"}, {"spark.a": "4"})
    layers = conf.layers(tmp_path / "spark-defaults.conf")
    assert [(layer.origin, dict(layer.conf)) for layer in layers] == [
        (str(file), {"spark.a": "1"}),
        ("connection x", {"spark.a": "2"}),
        ("conf", {"spark.a": "3"}),
        ("operator", {"spark.a": "4"}),
    ]
    assert layers[0].note.startswith("Ignored 1 line of ")


def test_sparks_own_file_is_read_where_the_user_names_none(tmp_path):
    """And without any file its layer is empty."""
    defaults = tmp_path / "spark-defaults.conf"
    defaults.write_text("spark.a 1\n")
    assert dict(UserConf().layers(defaults)[0].conf) == {"spark.a": "1"}
    assert [dict(layer.conf) for layer in UserConf().layers(None)] == [{}, {}, {}, {}]


def test_what_is_not_a_configuration_is_refused(tmp_path):
    """A file that does not exist, and an extra of the connection that is text."""
    with pytest.raises(ConfError, match=r"^The properties file cannot be read\."):
        UserConf(properties_file=str(tmp_path / "missing")).layers(None)
    with pytest.raises(ConfError, match=r"^The extra 'conf' of connection 'x' is not a configuration\."):
        UserConf(connection="x", connection_conf="spark.a=1").layers(None)
