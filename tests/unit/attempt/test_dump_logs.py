"""Stack dumps in the logs of several executors."""

from __future__ import annotations

from airflow_spark_guard.attempt.dump_logs import DumpLogs
from airflow_spark_guard.core.watch.observation import Executor
from airflow_spark_guard.core.web.log_tail import LogEnd
from tests.support.worker_dump import dump

ONE, TWO = (Executor(name, active=True, active_tasks=1) for name in "12")


def test_only_dumps_since_the_first_look_count():
    """Earlier ones may be of another stage."""
    logs, text = DumpLogs(), ""
    found = []
    for line in (1, 2, 2, 3):
        text += dump(line)
        found.append(logs.read({"1": LogEnd(len(text), text.encode())}, [ONE, TWO]))
    assert found[0] == ()
    assert [(row.executor, row.dumps.changes, row.dumps.same) for (row,) in found[1:]] == [
        ("1", 0, 1),
        ("1", 0, 2),
        ("1", 1, 1),
    ]


def test_a_log_that_cannot_be_read_for_once_keeps_what_is_known():
    """An executor without a task is forgotten."""
    logs, text = DumpLogs(), dump() + dump()
    logs.read({"1": LogEnd(0, b"")}, [ONE])
    (first,) = logs.read({"1": LogEnd(len(text), text.encode())}, [ONE])
    assert logs.read({}, [ONE]) == (first,)
    assert logs.read({}, [TWO]) == ()
    assert logs.read({}, [ONE]) == ()
