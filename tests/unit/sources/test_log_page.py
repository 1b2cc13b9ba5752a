import asyncio

import pytest

from airflow_spark_guard.core.web.answer import UnusableAnswerError
from airflow_spark_guard.core.web.log_tail import LogEnd
from airflow_spark_guard.sources.log_page import tail, tail_async, tails
from tests.support.web_server import say, serving

PAGE = "/logPage/?appId=app-1&executorId=0&logType=stderr"


def worker(handler, form):
    assert handler.path.startswith("/log/?appId=app-1&executorId=0&logType=stderr&byteLength=")
    say(handler, b"==== Bytes 0-10 of 10 of /opt/spark/apps/app-1/0/stderr ====\nTimeout (0:00:05)!")


def test_the_end_of_an_executors_stderr_is_read():
    """Both ways."""
    with serving(worker) as url:
        assert tail(url + PAGE, 4096) == "Timeout (0:00:05)!"
        assert asyncio.run(tail_async(url + PAGE)) == "Timeout (0:00:05)!"


def test_no_more_than_was_asked_for_is_read():
    """Whatever the other side sends."""
    with (
        serving(lambda handler, _: say(handler, b"x" * 1_000_000)) as url,
        pytest.raises(UnusableAnswerError, match="the answer is larger than 8192 bytes"),
    ):
        tail(url + PAGE, 4096)


def test_a_worker_that_is_gone_is_one_sentence():
    """It may have died with its executor."""
    with pytest.raises(UnusableAnswerError, match="^no answer: "):
        tail("http://127.0.0.1:1" + PAGE)


def test_many_logs_are_read_together():
    """One that is gone, or has another address, is None."""
    with serving(worker) as url:
        urls = {"0": url + PAGE, "1": "http://127.0.0.1:1" + PAGE, "2": f"{url}/elsewhere", "3": url + PAGE}
        text = "Timeout (0:00:05)!"
        end = LogEnd(10, text.encode())
        assert tails(urls, 4096, seconds=20.0) == {"0": end, "1": None, "2": None, "3": end}
