"""An exception on its way out."""

from __future__ import annotations

from airflow_spark_guard.core.errors import AttemptDetails, StalledError
from airflow_spark_guard.core.failure.masked_error import without_secrets
from airflow_spark_guard.core.text.known_secrets import KNOWN


def test_no_part_of_it_shows_a_known_value():
    """Neither its text nor its attributes; what is no text stays as it is, and so does the one that came."""
    error = StalledError(
        "x hunter2", got="hunter2", advice="y hunter2", evidence="z\nhunter2", orphans=("1 hunter2", "2 sh"),
        details=AttemptDetails(where="hunter2.py:3, f", limit=3.0),
    )  # fmt: skip
    with KNOWN.at_work():
        KNOWN.learn(["hunter2"])
        masked = without_secrets(error)
    assert type(masked) is StalledError
    assert "hunter2" not in f"{masked}{vars(masked)}{masked.args}"
    assert (masked.what, masked.orphans, masked.limit) == ("x ******", ("1 ******", "2 sh"), 3.0)
    assert error.got == "hunter2"


def test_without_secrets_nothing_changes():
    """Other exceptions too."""
    error = OSError(2, "no such file", "/x")
    assert without_secrets(error) is error
    with KNOWN.at_work():
        KNOWN.learn(["hunter2"])
        assert without_secrets(error) is error
    assert error.args == (2, "no such file")
