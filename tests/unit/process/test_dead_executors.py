"""Reading the stderr of executors that died: which, how many, and what is made of it."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.stacktraces.autopsy import Autopsy
from airflow_spark_guard.core.watch.observation import Executor
from airflow_spark_guard.process.autopsy_steps import AutopsyInput, NotSeenError
from airflow_spark_guard.process.dead_executors import logs, with_cause
from airflow_spark_guard.process.leftovers import Tag
from tests.support.paths import DATA

UNKNOWN_HOST = (DATA / "executor-stderr" / "unknown-host.txt").read_text()
CODE = "Command exited with code 1"


def gone(number, *, host="h", reason=CODE, url=True, removed=None):
    return Executor(
        str(number),
        active=False,
        removed=removed,
        reason=reason,
        host=host,
        stderr_url=f"http://w/{number}" if url else "",
    )


class Pages:
    """Log pages; those of ``broken`` are gone with their worker."""

    def __init__(self, text="Nothing known.\n", broken=()):
        self.text, self.broken, self.asked = text, broken, []

    def __call__(self, url, length):
        self.asked.append(url)
        if url in self.broken:
            raise ConnectionError(url)
        return self.text[-length:]


def autopsy_input(tmp_path, pages, *executors, suspect="", others=None):
    return AutopsyInput(
        Tag("t", "a"), suspect, tmp_path / "stacks.txt", tail=pages, executors=executors, others=others
    )


def test_the_newest_of_different_hosts_are_read_first(tmp_path):
    """Four at the most: one bad host does not fill the list."""
    pages = Pages()
    rows = [gone(n, removed=100.0 + n) for n in range(10)]
    rows += [
        gone(20, host="other", removed=5.0),
        gone(30, reason="Executor killed by driver.", removed=200.0),
    ]
    found = logs(autopsy_input(tmp_path, pages, *rows, Executor("99", active=True, stderr_url="http://w/99")))
    assert [log.executor for log in found.dead] == ["9", "20", "8", "7"]
    assert sorted(pages.asked) == sorted(f"http://w/{n}" for n in (9, 20, 8, 7))
    assert found.dead[1].host == "other"
    assert all(log.registered for log in found.dead)


def test_the_master_names_executors_that_the_driver_never_knew(tmp_path):
    """They died before they could register, or wait for the driver."""
    asked = []

    def others():
        asked.append(1)
        return [gone(7), Executor("8", active=True, host="h2", stderr_url="http://w/8")]

    found = logs(autopsy_input(tmp_path, Pages(UNKNOWN_HOST), others=others))
    assert [log.executor for log in found.dead] == ["8", "7"]
    assert not any(log.registered for log in found.dead)
    told = with_cause(Autopsy(summary=("seen",), text="all"), found.dead)
    assert told.cause.advice.startswith("Executors cannot reach the driver at driver.invalid:41995")
    assert told.summary == ("seen",)
    assert told.text == f"{told.cause.text}\nall"
    logs(autopsy_input(tmp_path, Pages(), gone(1), others=others))
    assert len(asked) == 1


def test_an_executor_that_the_driver_listed_had_registered(tmp_path):
    """What its log says of an executor's start is the job's own text, however long ago it started."""
    text = "Authentication failed for user bob\njava.lang.ClassNotFoundException: x\n"
    assert with_cause(Autopsy(), logs(autopsy_input(tmp_path, Pages(text), gone(1))).dead).cause is None
    found = logs(autopsy_input(tmp_path, Pages(text), others=lambda: [gone(1)])).dead
    assert with_cause(Autopsy(), found).cause.retry is False


def test_a_log_page_that_is_gone_costs_nothing_but_its_line(tmp_path):
    """The worker may be gone with its executors."""
    pages = Pages(broken=("http://w/1",))
    found = logs(autopsy_input(tmp_path, pages, gone(1), gone(2)))
    assert [log.executor for log in found.dead] == ["2"]
    with pytest.raises(NotSeenError, match=r"no log page of 1 answered"):
        logs(autopsy_input(tmp_path, pages, gone(1)))
    with pytest.raises(NotSeenError):
        logs(autopsy_input(tmp_path, None, gone(1)))


def test_nothing_is_asked_where_nobody_died_or_a_stack_tells_more(tmp_path):
    """A hung worker is not explained by an executor that died an hour ago."""
    pages = Pages()
    assert logs(autopsy_input(tmp_path, pages)).dead == []
    assert logs(autopsy_input(tmp_path, pages, gone(1, url=False))).dead == []
    assert logs(autopsy_input(tmp_path, pages, gone(1), suspect="worker")).dead == []
    assert pages.asked == []


def test_a_log_that_says_nothing_known_gives_its_last_line(tmp_path):
    """It is evidence, and no advice."""
    found = logs(autopsy_input(tmp_path, Pages("one\nlast words\n"), gone(1)))
    told = with_cause(Autopsy(), found.dead)
    assert told.cause is None
    assert told.summary == ("last line of executor 1's stderr: last words",)
    assert with_cause(Autopsy(), []) == Autopsy()
