import pytest

from airflow_spark_guard.core.web import log_tail
from airflow_spark_guard.core.web.answer import Answer, UnusableAnswerError
from tests.support.dialogue import play

PAGE = "http://w:8081/logPage/?appId=app-1&executorId=0&logType=stderr"
HEADER = b"==== Bytes 10-20 of 20 of /opt/spark/apps/app-1/0/stderr ====\n"


def test_the_plain_end_of_the_log_is_asked_for():
    """Without the line that says which bytes these are."""
    asked = []
    server = lambda request: asked.append(request.url) or Answer(200, HEADER + b"a\nb\xff")  # noqa: E731
    assert play(log_tail.tail(PAGE, 4096), server) == "a\nb\ufffd"
    assert asked == ["http://w:8081/log/?appId=app-1&executorId=0&logType=stderr&byteLength=4096"]


def test_more_than_was_asked_for_is_cut():
    """The end counts."""
    assert play(log_tail.tail(PAGE, 5), lambda _: Answer(200, HEADER + b"x" * 100 + b"y")) == "xxxxy"


@pytest.mark.parametrize(
    "url", ["", "file:///logPage/?x", "http://w:8042/node/containerlogs/c/stderr?start=-4096"]
)
def test_only_a_workers_log_page_is_asked(url):
    """The address came from the driver."""
    with pytest.raises(UnusableAnswerError, match="not the log page of a standalone worker"):
        play(log_tail.tail(url, 10), lambda _: None)


@pytest.mark.parametrize("answer", [Answer(200, b"<html>"), Answer(500, HEADER), Answer(200, b"")])
def test_what_is_no_log_is_unusable(answer):
    """Such as the error page of another server."""
    with pytest.raises(
        UnusableAnswerError, match=f"no executor log at this address: HTTP status {answer.status}"
    ):
        play(log_tail.tail(PAGE, 10), lambda _: answer)


def test_the_end_of_a_log_says_where_it_is_and_what_is_new_in_it():
    """As far as it is there: more may have been written than was asked for."""
    end = play(log_tail.ending(PAGE, 4096), lambda _: Answer(200, HEADER + b"0123456789"))
    assert end == log_tail.LogEnd(20, b"0123456789")
    assert [end.after(offset) for offset in (20, 25, 18, 10, 3)] == ["", "", "89", end.text, end.text]
