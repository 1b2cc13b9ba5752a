import pytest

from airflow_spark_guard.core.conf.conf_view import ConfView, Problem, manager_of, read
from airflow_spark_guard.core.conf.effective_conf import PROFILE, ConfValue
from airflow_spark_guard.core.conf.known_confs import known_confs


def view(conf=None, origin="conf", **more):
    values = {key: ConfValue(value, origin) for key, value in (conf or {}).items()}
    return ConfView(values, known_confs(), **more)


@pytest.mark.parametrize(
    ("master", "manager"),
    [
        ("local", "local"), ("local[*]", "local"), ("local-cluster[2,1,1024]", "local-cluster"),
        ("spark://a:7077", "standalone"), ("yarn", "yarn"), ("k8s://https://a", "kubernetes"), ("", ""),
        ("mesos://a", ""),
    ],
)  # fmt: skip
def test_the_master_tells_its_manager(master, manager):
    assert manager_of(master) == manager
    assert view(master=master).manager == manager


def test_a_value_is_the_users_an_old_spellings_or_sparks_own():
    assert view({"spark.network.timeout": "3min"}).number("spark.network.timeout") == 180
    assert (
        view({"spark.kryoserializer.buffer.max.mb": "128"}).number("spark.kryoserializer.buffer.max")
        == 128 << 20
    )
    assert view().number("spark.network.timeout") == 120
    assert view().number("spark.rpc.askTimeout") is None
    assert view().number("spark.no.such.key") is None
    assert view({"spark.network.timeout": "${x}"}).number("spark.network.timeout") is None
    assert view().is_on("spark.shuffle.compress")


@pytest.mark.parametrize(
    ("kind", "text", "bare", "value"),
    [
        ("double", "0.5", "", 0.5), ("double", "1e-1", "", 0.1), ("double", "2d", "", 2.0), ("long", "3000000000", "", 3e9),
        ("int", "+5", "", 5), ("duration", "5", "ms", 0.005), ("size", "1", "m", 1 << 20), ("bool", "TRUE", "", 1),
    ],
)  # fmt: skip
def test_values_are_read_as_spark_reads_them(kind, text, bare, value):
    assert read(kind, text, bare) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", "3000000000"),
        ("int", "1.5"),
        ("double", "half"),
        ("long", "1" * 20),
        ("bool", "yes"),
        ("text", "x"),
    ],
)
def test_what_spark_cannot_read_is_a_value_error(kind, text):
    with pytest.raises(ValueError, match="not a Spark"):
        read(kind, text)


def test_a_value_is_shown_masked_short_and_with_its_origin():
    shown = view({"spark.ssl.keyPassword": "abc", "spark.a.b": "x" * 999})
    assert shown.shown("spark.ssl.keyPassword") == "spark.ssl.keyPassword = ****** (conf)"
    assert len(shown.shown("spark.a.b")) < 250
    assert view({"spark.\x1b[2Jx": "\x1b[1my"}).shown("spark.\x1b[2Jx") == "spark.[2Jx = [1my (conf)"
    assert shown.shown("spark.network.timeout") == "spark.network.timeout = 120s (Spark's default)"


def test_only_what_is_not_the_profiles_is_the_users():
    assert view({"spark.a": "1"}).is_users("spark.b", "spark.a")
    assert not view({"spark.a": "1"}, PROFILE).is_users("spark.a")


def test_a_problem_reads_as_text_and_advice():
    assert str(Problem("warning", "k", "It is wrong.", advice="Mend it.")) == "It is wrong. Mend it."
