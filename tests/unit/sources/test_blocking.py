import asyncio
import os
import signal
import threading
import time

import pytest

from airflow_spark_guard.sources.blocking import Blocking, BlockingLoop, Waits, waiting


async def value(result, seconds=0.0):
    await asyncio.sleep(seconds)
    return result


@pytest.fixture
def loop():
    made = BlockingLoop()
    yield made
    made.close()


def test_a_result_and_an_error_come_through(loop):
    """As if it had been called."""

    async def fail():
        raise KeyError("x")

    assert loop.run(value(5)) == 5
    with pytest.raises(KeyError):
        loop.run(fail())


def test_the_thread_starts_with_the_first_question_and_ends_with_close():
    """Making a source costs nothing, closing it leaves nothing."""
    before = set(threading.enumerate())
    loop = BlockingLoop()
    assert set(threading.enumerate()) == before
    loop.run(value(1))
    assert len(set(threading.enumerate()) - before) == 1
    loop.close()
    loop.close()
    assert set(threading.enumerate()) <= before


def test_a_signals_handler_may_ask_while_the_main_thread_waits(loop):
    """Airflow calls on_kill so."""
    asked = []
    old = signal.signal(signal.SIGALRM, lambda *_: asked.append(loop.run(value("inner"))))
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        assert loop.run(value("outer", 0.3)) == "outer"
    finally:
        signal.signal(signal.SIGALRM, old)
    assert asked == ["inner"]


def test_what_is_not_waited_for_any_more_is_cancelled(loop):
    """As when Airflow's time-out is raised in the middle."""
    seen = threading.Event()

    async def long():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.set()
            raise

    def interrupt(*_):
        raise TimeoutError("task")

    old = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(TimeoutError, match="task"):
            loop.run(long())
    finally:
        signal.signal(signal.SIGALRM, old)
    assert seen.wait(60)


def test_it_works_where_another_loop_runs(loop):
    """A task of Airflow may be a coroutine."""

    async def outer():
        return loop.run(value(7))

    assert asyncio.run(outer()) == 7


def test_a_signals_handler_may_ask_while_the_thread_is_being_started(loop, monkeypatch):
    """The one that is there first serves both."""
    asked, begin = [], threading.Thread.start

    def interrupted(thread):
        begin(thread)
        if not asked:
            asked.append(None)
            asked.append(loop.run(value("inner")))

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    before = set(threading.enumerate())
    assert loop.run(value("outer")) == "outer"
    assert asked == [None, "inner"]
    assert len(set(threading.enumerate()) - before) == 1


def test_a_fork_has_a_thread_of_its_own(loop):
    """None of its parent's runs there."""
    assert loop.run(value(1)) == 1
    child = os.fork()
    if not child:
        signal.alarm(20)
        os._exit(loop.run(value(7)))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert loop.run(value(2)) == 2


def test_closing_waits_for_no_name_that_does_not_resolve(loop, monkeypatch):
    """The thread that asks for it is left behind."""
    gone = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: gone.wait(30))

    async def ask():
        async with asyncio.timeout(0.1):
            await asyncio.get_running_loop().getaddrinfo("nowhere", 80)

    begin = time.monotonic()
    with pytest.raises(TimeoutError):
        loop.run(ask())
    loop.close()
    assert time.monotonic() - begin < 20
    gone.set()


class Answers:
    """An async source."""

    def __init__(self):
        self.closed = 0

    async def look(self, at, *, twice=False):
        """One look."""
        if at is None:
            raise KeyError("x")
        return (at, threading.current_thread() is threading.main_thread()) * (1 + twice)

    async def aclose(self):
        self.closed += 1


class Looking(Blocking[Answers]):
    look = Waits(Answers.look)


def test_a_proxy_waits_for_the_methods_that_it_names():
    """Arguments, answers and errors are the source's; it is closed once, however often that is wanted."""
    looking = Looking(Answers())
    assert looking.look(3, twice=True) == (3, False, 3, False)
    assert looking.look.__doc__ == "One look."
    with pytest.raises(KeyError):
        looking.look(None)
    looking.close()
    looking.close()
    assert looking.source.closed == 1


def test_a_function_that_waits_leaves_no_thread_behind():
    before = set(threading.enumerate())
    assert waiting(value)(5, seconds=0.01) == 5
    with pytest.raises(TypeError):
        waiting(value)()
    assert set(threading.enumerate()) <= before
