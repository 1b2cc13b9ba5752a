import pytest

from airflow_spark_guard.core.conf.spark_value import number


@pytest.mark.parametrize(
    ("kind", "text", "bare", "expected"),
    [
        ("duration", "10s", "ms", 10),
        ("duration", "10", "ms", 0.01),
        ("duration", "5min", "s", 300),
        ("duration", "5m", "s", 300),
        ("duration", " 1H ", "s", 3600),
        ("duration", "-1ms", "ms", -0.001),
        ("size", "512m", "b", 512 << 20),
        ("size", "1g", "m", 1 << 30),
        ("size", "1gb", "m", 1 << 30),
        ("size", "64", "m", 64 << 20),
        ("size", "7b", "m", 7),
        ("int", "+8", "", 8),
        ("bool", "TRUE", "", 1),
        ("bool", "false", "", 0),
    ],
)
def test_a_value_is_read_as_spark_reads_it(kind, text, bare, expected):
    """A number without a unit takes the unit of its key."""
    assert number(kind, text, bare) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("kind", "text", "bare"),
    [
        ("duration", "1.5s", "s"),
        ("duration", "1h 30m", "s"),
        ("duration", "10 s", "s"),
        ("duration", "", "s"),
        ("duration", "10", ""),
        ("duration", "5mins", "s"),
        ("size", "1.5g", "b"),
        ("size", "1gib", "b"),
        ("size", "10s", "b"),
        ("int", "8.0", ""),
        ("int", "eight", ""),
        ("bool", "yes", ""),
        ("bool", "1", ""),
        ("text", "lz4", ""),
        ("int", "9" * 400, ""),
        ("size", "9" * 400, "b"),
        ("duration", "9" * 400 + "s", "s"),
        ("duration", "-" + "9" * 5000, "s"),
    ],
)
def test_what_spark_cannot_read_is_refused(kind, text, bare):
    """The syntax is Spark's: no fractions, no spaces, no words."""
    with pytest.raises(ValueError, match=rf"^not a Spark {kind}: '"):
        number(kind, text, bare)
