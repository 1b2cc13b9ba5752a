import asyncio
import signal
import threading

import pytest

from airflow_spark_guard.sources.blocking import BlockingLoop


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
