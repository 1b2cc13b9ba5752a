"""What an exit status says of a driver that ended without a message."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.failure.driver_exit import driver_exit, exit_text


@pytest.mark.parametrize(
    ("status", "words", "retry", "jvm"),
    [
        (0, "os._exit(0)", False, False),
        (1, "os._exit(1)", False, False),
        (7, "os._exit(7)", False, False),
        (120, "os._exit(120)", False, False),
        (200, "os._exit(200)", False, False),
        (50, "Read the lines below.", None, False),
        (130, "terminated from outside", None, False),
        (137, "collect, toPandas", None, False),
        (139, "output below for the library", None, False),
        (143, "terminated from outside", None, False),
        (138, "A signal ended it: SIGUSR1.", None, False),
        (-9, "Lower spark.driver.memory", None, True),
        (-11, "hs_err_pid", None, True),
        (-15, "terminated from outside", None, True),
        (None, "Read the lines below.", None, False),
    ],
)
def test_each_status_has_its_own_advice(status, words, retry, jvm):
    """Memory is named for SIGKILL alone; what the script chose by itself is not tried again."""
    found = driver_exit(status)
    assert words in found.advice
    assert (found.retry, found.jvm) == (retry, jvm)
    assert ("emory" in found.advice) is (status in (137, -9))


@pytest.mark.parametrize("sign", ['Exception in thread "main" x', "Traceback (most recent call last):"])
def test_code_1_with_an_exception_in_the_output_is_not_the_scripts_choice(sign):
    """JVM and Python end with it too; another code is chosen."""
    assert driver_exit(1, f"a\n{sign}\nb").retry is None
    assert driver_exit(7, f"a\n{sign}\nb").retry is False


def test_a_status_in_words():
    assert exit_text(-9) == "killed by signal 9 (SIGKILL)"
    assert exit_text(-63) == "killed by signal 63"
    assert exit_text(137) == "exit code 137 (SIGKILL)"
    assert exit_text(7) == "exit code 7"
    assert exit_text(None) == "no exit code"
