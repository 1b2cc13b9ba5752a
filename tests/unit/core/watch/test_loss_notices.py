"""A line for every lost executor, when it happens."""

from __future__ import annotations

from airflow_spark_guard.core.watch.loss_notices import LossNotices
from airflow_spark_guard.core.watch.observation import DriverView, Executor, ExecutorExit, Inside, Observation

CODE = "Command exited with code 137"
URL = "http://w:8081/logPage/?appId=app-1&executorId={}&logType=stderr"


def gone(id_, host="h", reason=CODE, removed=1e9):
    return Executor(id_, active=False, removed=removed, reason=reason, host=host, stderr_url=URL.format(id_))


def look(*rows, exits=(), **more):
    return Observation(at=1.0, driver=DriverView(1, executors=rows), exits=exits, **more)


def test_each_loss_is_said_once_when_it_happens():
    """Which executor, where, why, when, and where its stderr is."""
    notices = LossNotices()
    assert notices.observe(look(Executor("1", active=True)), 1.0) == ()
    assert notices.observe(look(gone("1")), 2.0) == (
        f"Executor 1 on h was lost at 01:46:40 UTC: {CODE}. Its stderr: {URL.format(1)}",
    )
    assert notices.observe(look(gone("1")), 3.0) == ()


def test_what_the_output_says_first_is_not_said_again():
    """The REST API lists it a look later, or never."""
    notices = LossNotices()
    exits = (ExecutorExit("1", "h", CODE, 25.0),)
    assert notices.observe(look(Executor("1", active=True), exits=exits), 26.0) == (
        f"Executor 1 on h was lost 25s after the launch: {CODE}.",
    )
    assert notices.observe(look(Executor("1", active=True)), 27.0) == ()
    assert notices.observe(look(gone("1")), 28.0) == ()
    (line,) = notices.observe(look(gone("1"), gone("2"), exits=(ExecutorExit("2", "h", CODE, 29.0),)), 30.0)
    assert line.startswith("Executor 2 on h was lost at 01:46:40 UTC")


def test_a_node_is_one_line_and_says_that_it_does_not_count():
    """Many at once."""
    rows = [gone(str(n), host="a", reason="Worker shutting down") for n in range(4)]
    rows.append(gone("9", host="b", reason="Container c on host: b was preempted.", removed=1e9 + 1))
    first, second = LossNotices().observe(look(*rows), 1.0)
    assert first.startswith(
        "4 executors (0, 1, 2, 3) on a were lost at 01:46:40 UTC: Worker shutting down. Stderr"
    )
    assert first.endswith(" Not counted: its node or worker went away.")
    assert second.endswith(" Not counted: the cluster removed it.")


def test_what_the_driver_lets_go_is_no_news():
    """Dynamic allocation, the end of the script, a driver that is gone."""
    notices = LossNotices()
    assert notices.observe(look(gone("1", reason="Executor killed by driver.")), 1.0) == ()
    assert notices.observe(look(gone("2"), inside=Inside(ended=True)), 1.0) == ()
    assert notices.observe(look(gone("3"), driver_gone_at=1.0), 1.0) == ()
    assert LossNotices().observe(Observation(at=1.0), 1.0) == ()


def test_a_loss_of_long_ago_is_no_news():
    """A sensor that is restarted looks at an application of months."""
    old, new = gone("1", removed=1e9 - 601), gone("2", removed=1e9 - 599)
    seen = Observation(at=1.0, driver=DriverView(1, executors=(old, new), clock=1e9))
    (line,) = LossNotices().observe(seen, 1.0)
    assert line.startswith("Executor 2 on h")


def test_the_lines_are_few():
    """Five a look, sixty in all."""
    notices = LossNotices()
    found = notices.observe(look(*(gone(str(n), host=f"h{n}") for n in range(40))), 1.0)
    assert len(found) == 6
    assert found[-1] == "35 more executors were lost on other hosts."
    lines = [line for n in range(100, 300) for line in notices.observe(look(gone(str(n))), 1.0)]
    assert len(lines) == 54
    assert lines[-1] == "More executors are lost; further ones are not logged. The record has all of them."


def test_another_context_has_executors_of_the_same_ids():
    """Each of its losses is news."""
    notices = LossNotices()
    for name in ("", "app-1", "app-2"):
        found = notices.observe(look(gone("0"), inside=Inside(application_id=name)), 1.0)
        assert bool(found) is (name != "app-1")
