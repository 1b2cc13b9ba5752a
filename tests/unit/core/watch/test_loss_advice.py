"""Advice by exit code: memory for 137 and 52, and never for anything else."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.watch.loss_advice import ADVICE, advice_on

CASES = (
    ("Container killed by YARN for exceeding physical memory limits. 2 GB of 2 GB used.", "memoryOverhead"),
    ("The executor with id 3 exited with exit code 52(JVM OOM).", "spark.executor.memory"),
    ("OutOfMemoryError.", "spark.executor.memory"),
    ("Command exited with code 137", "Exit code 137 is SIGKILL"),
    ("The executor with id 3 exited with exit code 137(SIGKILL, possible container OOM).", "memoryOverhead"),
    ("Container from a bad node: c on host: h. Exit status: 143. Diagnostics: x", "SIGTERM"),
    ("Unknown executor exit code (143) (died from signal 15?)", "SIGTERM"),
    ("Command exited with code 134", "native code"),
    ("Command exited with code 53", "spark.local.dir"),
    ("Executor heartbeat timed out after 22647 ms", "spark.network.timeout"),
    ("Remote RPC client disassociated. Likely due to containers", "connection to the executor broke"),
    ("Executor killed by TaskReaper.", "spark.task.reaper"),
    ("Command exited with code 1", "spark.driver.host"),
    ("Command exited with code 7", "read its stderr"),
    ("Command exited with code 0", "read its stderr"),
    ("a reason that nobody has read before", "Read the stderr"),
    ("", "Read the stderr"),
)


@pytest.mark.parametrize(("reason", "advice"), CASES)
def test_advice_follows_the_reason(reason, advice):
    """Each row of the table."""
    assert advice in advice_on([reason])


@pytest.mark.parametrize("code", [0, 1, 2, 7, 10, 50, 53, 56, 126, 134, 139, 143])
def test_memory_is_no_advice_for_a_code_that_is_not_about_it(code):
    """ "137 is mostly memory" stood under a 1."""
    found = advice_on([f"Command exited with code {code}"])
    assert "137" not in found
    assert "memoryOverhead" not in found


def test_the_most_frequent_kind_decides():
    """One lost heartbeat among three kills is not the story."""
    reasons = ["Executor heartbeat timed out after 1 ms", *["Command exited with code 137"] * 3]
    assert "137" in advice_on(reasons)
    assert advice_on([]) == advice_on([""])


def test_every_row_is_used():
    """By a text that is for it."""
    used = {
        next((i for i, row in enumerate(ADVICE) if row.pattern.search(reason)), None) for reason, _ in CASES
    }
    assert used == {*range(len(ADVICE)), None}
