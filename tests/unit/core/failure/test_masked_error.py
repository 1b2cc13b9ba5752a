"""An exception on its way out."""

from __future__ import annotations

from airflow_spark_guard.core.errors import StalledError
from airflow_spark_guard.core.failure.masked_error import without_secrets
from airflow_spark_guard.core.text.known_secrets import KNOWN


def test_no_part_of_it_shows_a_known_value():
    """Neither its text nor its attributes; it stays the same object, and what is no text stays as it is."""
    error = StalledError(
        "x hunter2", got="hunter2", advice="y hunter2", evidence="z\nhunter2", orphans=("1 hunter2", "2 sh")
    )  # fmt: skip
    error.limit = 3.0
    with KNOWN.at_work():
        KNOWN.learn(["hunter2"])
        without_secrets(error)
    assert "hunter2" not in f"{error}{vars(error)}{error.args}"
    assert (error.what, error.orphans, error.limit) == ("x ******", ("1 ******", "2 sh"), 3.0)


def test_without_secrets_nothing_changes():
    """Other exceptions too."""
    error = OSError(2, "no such file", "/x")
    without_secrets(error)
    assert error.args == (2, "no such file")
