"""What successive stack dumps in a log show."""

from __future__ import annotations

from airflow_spark_guard.core.codec import decode, encode
from airflow_spark_guard.core.stacktraces.dump_history import DumpHistory
from airflow_spark_guard.core.watch.process_sample import ProcessSample, StackDumps
from tests.support.worker_dump import dump


def history(*looks, tasks=1):
    """After these looks, two minutes apart; each is what the log has had since the last one."""
    found = DumpHistory(1000, tasks)
    for number, text in enumerate(looks, 1):
        found = found.read(text, found.end + len(text), tasks, 120.0 * number)
    return found


def test_equal_dumps_of_one_worker_are_counted():
    """With the time between them, and the line."""
    found = history(dump(), "26/11/20 INFO Executor: a line\n", dump() + dump(), dump())
    assert found.dumps == StackDumps(changes=0, same=4, seconds=360.0)
    sample = found.sample("3")
    assert (sample.role, sample.key, sample.executor) == ("log", "log:3", "3")
    assert sample.place == "/jobs/enrich.py:13, wait"
    assert decode(ProcessSample, encode(sample)) == sample


def test_another_line_shows_that_a_worker_moves():
    """Within one look, or between two; counting of equal ones starts anew."""
    assert history(dump(13) + dump(14)).dumps.changes == 1
    found = history(dump(13), dump(14), dump(14))
    assert found.dumps == StackDumps(changes=1, same=2, seconds=120.0)
    assert history(dump(13), dump(14), dump(13)).dumps.changes == 2
    assert history(dump(function="f"), dump(function="g")).dumps.changes == 1


def test_a_dump_that_is_not_whole_does_not_count():
    """The log was read while it was written; nor does one without user code."""
    without = dump().replace("/jobs/enrich.py", "/usr/lib/python3.11/json/decoder.py")
    found = history(dump(), dump(14, whole=False), without, "", "nonsense\n")
    assert found.dumps == StackDumps(changes=0, same=1)


def test_several_workers_at_a_line_each_are_no_move():
    """In any order: a dump names no process. One that was mixed with another is found once."""
    mixed = dump(77, "mi")
    found = history(dump(1) + dump(2), dump(2) + dump(1), mixed + dump(1), dump(1) + dump(2), tasks=2)
    assert found.dumps == StackDumps(changes=0, same=8, seconds=360.0)


def test_more_lines_than_workers_show_a_move():
    """Each of them twice."""
    looks = [dump(1) + dump(2), dump(2) + dump(3)]
    assert history(*looks, tasks=2).dumps.changes == 0
    assert history(*looks, *looks, tasks=2).dumps.changes == 1
    assert history(*looks, *looks, *looks, *looks, tasks=2).dumps.changes >= 2


def test_after_a_task_has_come_or_gone_counting_starts_anew():
    """Also when the log was rolled. What was seen to move before stays known."""
    found = history(dump(1), dump(2))
    for end, tasks in ((found.end + 10, 2), (500, 1)):
        assert found.read(dump(3), end, tasks, 400.0) == DumpHistory(end, tasks, dumps=StackDumps(1))


def test_a_log_full_of_stacks_is_bounded(monkeypatch):
    """Each of them once, of many workers: no number of them is kept."""
    monkeypatch.setattr("airflow_spark_guard.core.stacktraces.dump_history._MOST_STACKS", 5)
    found = history(*(dump(line) for line in range(20)), tasks=30)
    assert len(found.counts) <= 5
    assert found.dumps.changes == 0
