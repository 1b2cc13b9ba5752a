"""Lost executors in words."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.watch.loss_events import Loss
from airflow_spark_guard.core.watch.loss_words import line, one, several

LOSS = Loss(
    "3", "host-a", "Command exited with code 137", 25.0, removed=1e9, stderr_url="http://h:1/logPage/?x"
)


def test_a_line_says_which_where_why_when_and_where_its_stderr_is():
    """One executor."""
    assert line([LOSS]) == (
        "Executor 3 on host-a was lost at 01:46:40 UTC: Command exited with code 137. Its stderr: "
        "http://h:1/logPage/?x"
    )


def test_many_of_a_host_are_one_line():
    """With the newest stderr that is known."""
    losses = [
        *(Loss(str(n), "h", "r.", 1.0, stderr_url=f"http://x/{n}") for n in range(10)),
        Loss("10", "h", "r.", 2.0),
    ]
    assert line(losses) == (
        "11 executors (0, 1, 2, 3, 4, 5, 6, 7 and 3 more) on h were lost 2s after the launch: r. Stderr of "
        "executor 9: http://x/9"
    )


@pytest.mark.parametrize("removed", [None, 0.0, -5.0, 1e18])
def test_a_time_that_is_none_is_not_shown(removed):
    """An API may say anything."""
    assert (
        one(Loss("", "", "", 90.0, removed=removed)) == "an executor 1m 30s after the launch: no reason given"
    )


def test_only_the_newest_are_named():
    """The exception is short."""
    losses = [Loss(str(n), "", "r", 1.0) for n in range(9)]
    assert several(losses).startswith("6 earlier; executor 6 1s after the launch: r; executor 7")
    assert several([Loss("", "", "a", 1.0), Loss("", "", "b", 2.0)]) == "b"
    assert several([]) == ""


def test_all_of_it_is_untrusted():
    """Ids, hosts and addresses are what an API says they are."""
    shown = line(
        [Loss("\x1b[1m" + "9" * 500, "\x1b[2Jh", "password=hunter2", 1.0, stderr_url="http://\x1b[1mx")]
    )
    assert "\x1b" not in shown
    assert "hunter2" not in shown
    assert len(shown) < 200


def test_a_reason_of_several_lines_is_one_line():
    """As on Kubernetes."""
    reason = "\nThe executor with id 3 exited with exit code 137.\nThe API gave the following message: N/A\n"
    assert line([Loss("3", "h\n", reason, 1.0)]) == (
        "Executor 3 on h was lost 1s after the launch: The executor with id 3 exited with exit code 137. The "
        "API gave the following message: N/A."
    )
