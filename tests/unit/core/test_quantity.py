from datetime import timedelta

import pytest

from airflow_spark_guard.core.quantity import (
    counted,
    readable_duration,
    readable_size,
    seconds,
    size_in_bytes,
    whole_number,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (90, 90),
        (0.5, 0.5),
        (timedelta(minutes=2), 120),
        ("90", 90),
        ("90s", 90),
        (" 2H ", 7200),
        ("1h 30m", 5400),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("500ms", 0.5),
        ("5 min", 300),
        ("1d", 86400),
        ("10 sec", 10),
        ("2hr", 7200),
    ],
)
def test_a_duration_can_be_written_in_many_ways(value, expected):
    """A number is seconds."""
    assert seconds(value) == pytest.approx(expected)


@pytest.mark.parametrize(
    "value",
    ["", "soon", "1h 30", "-5", "-5s", "1h, 30m", "5 weeks", "1.2.3", True, None, [], "\u0665s", 10**400],
)
def test_what_is_no_duration_is_refused(value):
    """Also what is half a duration."""
    with pytest.raises(ValueError, match=r"^not a duration: "):
        seconds(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(5, 5), ("5", 5), ("64k", 65536), (" 2 GB ", 2 << 30), ("1MiB", 1 << 20), ("7b", 7), ("1kb", 1024)],
)
def test_a_size_is_in_powers_of_1024(value, expected):
    """A number is bytes."""
    assert size_in_bytes(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(5, 5), ("5", 5), (" 10_000 ", 10_000), (-1, -1), (0, 0)])
def test_a_count_is_a_number_or_its_digits(value, expected):
    """A limit refuses those below its smallest by itself."""
    assert whole_number(value) == expected


@pytest.mark.parametrize("value", [True, None, 2.5, "2.5", "many", "", [3], "9" * 5000])
def test_what_is_not_a_count_is_refused(value):
    """A float is never rounded."""
    with pytest.raises(ValueError, match=r"not a count|invalid literal|Exceeds the limit"):
        whole_number(value)


@pytest.mark.parametrize("value", ["", "1.5g", "-1", "5x", "much", True, None, 1.5])
def test_what_is_no_size_is_refused(value):
    """Fractions of a byte too."""
    with pytest.raises(ValueError, match=r"^not a size: "):
        size_in_bytes(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0s"),
        (0.25, "0.25s"),
        (12.5, "12.5s"),
        (59.94, "59.9s"),
        (60, "1m"),
        (90.4, "1m 30s"),
        (5400, "1h 30m"),
        (90061, "1d 1h 1m 1s"),
        (59.99, "1m"),
    ],
)
def test_a_duration_is_shown_in_the_units_that_people_use(value, expected):
    """Whole seconds from a minute on."""
    assert readable_duration(value) == expected


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (10 << 30, "10 GiB"), (5000 << 40, "5000 TiB")],
)
def test_sizes_are_shown_with_three_digits(count, text):
    assert readable_size(count) == text


def test_one_thing_or_several_are_counted():
    assert [counted(number, "task") for number in (0, 1, 1200)] == ["0 tasks", "1 task", "1,200 tasks"]
