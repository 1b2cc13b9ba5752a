import http
from decimal import Decimal
from enum import Enum, IntEnum

import numpy as np
import pytest

from airflow_spark_guard.core.conf.conf_check import check_user_conf
from airflow_spark_guard.core.errors import ConfError


class Codec(str, Enum):  # noqa: UP042 - the older kind, whose str() is its name
    LZ4 = "lz4"


def test_simple_values_become_the_text_that_spark_takes():
    """True is ``true``, a number its digits, and text stays as it is, line ends included."""
    conf = {
        " spark.a ": True,
        "spark.b": 8,
        "spark.c": 0.5,
        "spark.d": "one\n two ",
        "spark.io.compression.codec": Codec.LZ4,
        "spark.network.timeout": 300,
        "spark.plugins": "",
    }
    assert check_user_conf(conf) == {
        "spark.a": "true",
        "spark.b": "8",
        "spark.c": "0.5",
        "spark.d": "one\n two ",
        "spark.io.compression.codec": "lz4",
        "spark.network.timeout": "300",
        "spark.plugins": "",
    }


class Level(IntEnum):
    HIGH = 3


class Share(Enum):
    HALF = 0.5


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float64(0.6), "0.6"),
        (np.float32(0.1), "0.1"),
        (np.int64(4), "4"),
        (np.array([True])[0], "true"),
        (np.str_("4g"), "4g"),
        (np.array(5), "5"),
        (Level.HIGH, "3"),
        (http.HTTPStatus.OK, "200"),
        (Share.HALF, "0.5"),
        (Decimal("0.50"), "0.50"),
        (Decimal("1E+3"), "1000"),
        (1e-05, "1e-05"),
    ],
)
def test_numbers_of_other_types_are_their_digits(value, text):
    """``repr`` of numpy's and of an enum's member is Python's source, which Spark cannot read."""
    assert check_user_conf({"spark.x": value}) == {"spark.x": text}


class Broken:
    def __repr__(self):
        raise KeyError


@pytest.mark.parametrize("key", ["", "  ", None, 5, ("a",)])
def test_a_key_that_is_no_name_is_refused(key):
    """The message shows the key and the place."""
    with pytest.raises(
        ConfError, match=r"^the connection has a key that is not a name\.\n  got: .*\n  expected: text"
    ):
        check_user_conf({key: "1"}, "the connection")


@pytest.mark.parametrize("key", ["spark.executor.memory=4g", "spark.a\nspark.b", "spark.a\0", "spark.\u200b"])
def test_a_key_that_would_become_another_is_refused(key):
    """Spark ends a key at the first of these, and the value would be another as well."""
    with pytest.raises(ConfError, match=r"^conf has a key that is not valid in Spark\.\n  got: "):
        check_user_conf({key: "1"})


@pytest.mark.parametrize(
    "key", ["spark.hadoop.a b", "spark.a:b", "spark.kubernetes.driver.label.x/y", "spark.\u00fc"]
)
def test_other_signs_of_a_key_are_kept(key):
    """A blank or a colon within it has a way to Spark."""
    assert check_user_conf({f" {key} ": "1"}) == {key: "1"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "NoneType None"),
        ([1], r"list \[1\]"),
        ({"a": 1}, r"dict \{'a': 1\}"),
        (b"x", "bytes b'x'"),
        (float("nan"), "float nan"),
        (float("inf"), "float inf"),
        (1 + 2j, r"complex \(1\+2j\)"),
        (np.float64("nan"), r"float64 np\.float64\(nan\)"),
        (np.ma.masked, "MaskedConstant masked"),
        (np.datetime64("2026-01-01"), r"datetime64 np\.datetime64\('2026-01-01'\)"),
        (np.array([1]), r"ndarray array\(\[1\]\)"),
        (Decimal("NaN"), r"Decimal Decimal\('NaN'\)"),
        (10**5000, "int without a text form"),
        (Broken(), "Broken without a text form"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_value_of_another_type_is_refused(value, shown):
    """The message names the key, the type and the way out."""
    pattern = (
        rf"^conf sets spark\.x to a value that is not valid in Spark\.\n  got: {shown}\n"
        r"  expected: text, bool, int or float\n"
        r"  do: Leave the key out to keep the default; join a list with commas\.$"
    )
    with pytest.raises(ConfError, match=pattern):
        check_user_conf({"spark.x": value})


def test_a_secret_of_the_wrong_type_is_not_shown():
    """The message goes to the log."""
    with pytest.raises(ConfError, match=r"got: list \*\*\*\*\*\*\n"):
        check_user_conf({"spark.my.password": ["hunter2"]})


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("spark.network.timeout", "1.5s", r"a whole number and a unit \(us"),
        ("spark.kryoserializer.buffer.max", "much", r"a whole number and a unit \(b"),
        ("spark.shuffle.io.maxRetries", "foo", "a whole number, such as 8"),
        ("spark.shuffle.io.enableTcpKeepAlive", "yes", "true or false"),
        ("spark.scheduler.listenerbus.eventqueue.capacity", 8.5, "a whole number"),
    ],
)
def test_a_value_that_spark_could_not_read_is_refused_before_the_start(key, value, expected):
    """Spark takes some of these in silence and fails later, or reads ``yes`` as false."""
    with pytest.raises(
        ConfError, match=rf"(?s)^conf sets {key} to a value that Spark cannot read\..*{expected}"
    ):
        check_user_conf({key: value})
