import math
import pickle

import pytest

from airflow_spark_guard.core.web import answer as read
from airflow_spark_guard.core.web.answer import Answer, UnusableAnswerError


@pytest.mark.parametrize(
    ("value", "counted"),
    [
        (3, 3),
        (3.7, 3),
        (-1, 0),
        (True, 0),
        (math.nan, 0),
        (math.inf, 0),
        ("3", 0),
        (None, 0),
        (10**30, 2**63 - 1),
        (10**400, 0),
        (-(10**400), 0),
    ],
)
def test_a_count_is_a_number_that_cannot_be_negative(value, counted):
    """Everything else is 0."""
    assert read.count({"n": value}, "n") == counted


def test_a_required_number_that_is_missing_makes_the_row_unusable():
    """Zero would look like a stage that stands still."""
    assert read.required({"n": 2}, "n", "a stage") == 2
    with pytest.raises(UnusableAnswerError, match="a stage: n is missing or not a number"):
        read.required({"n": True}, "n", "a stage")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2026-11-20T17:46:49.066GMT", 1795196809.066),
        ("1969-12-31T23:59:59.999GMT", None),
        ("2026-11-20", None),
        ("yesterdayGMT", None),
        (1795196809, None),
    ],
)
def test_sparks_time_is_read(value, seconds):
    """As seconds since the epoch; the end of what has not ended is none."""
    assert read.timestamp({"t": value}, "t") == seconds


def test_text_is_bounded_and_fit_to_be_shown():
    """Control characters, lone surrogates and secrets are gone."""
    assert read.text({"t": "a\x1b[2Jb\ud800 password=hunter2"}, "t") == "a[2Jb? password=******"
    assert len(read.text({"t": "x" * 5000}, "t")) == 300
    assert read.text({"t": 5}, "t") == read.text({}, "t") == ""


@pytest.mark.parametrize("value", ["file:///etc/passwd", "http://h/\n", "http://h/" + "x" * 3000, 5, None])
def test_only_web_addresses_are_followed(value):
    """Anything else is no address."""
    assert read.web_url({"u": value}, "u") == ""
    assert read.web_url({"u": "https://h/x"}, "u") == "https://h/x"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(200, b"<html>"), "stages: not JSON but b'<html>' (6 bytes)"),
        (Answer(200, b'[{"a": '), "stages: not JSON but b'[{\"a\": ' (7 bytes)"),
        (Answer(200, b"[" * 100_000), f"stages: not JSON but {b'[' * 60} (100000 bytes)"),
        (Answer(200, b"\xff"), "stages: not JSON but b'\\xff' (1 bytes)"),
        (Answer(500, b"<html>"), "stages: HTTP status 500"),
        (Answer(404, b"unknown app: x"), "stages: HTTP status 404, 'unknown app: x'"),
        (Answer(404, b"<html>"), "stages: HTTP status 404"),
    ],
)
def test_what_is_no_json_says_so_in_one_sentence(answer, why):
    """Never a traceback of the parser."""
    with pytest.raises(UnusableAnswerError) as caught:
        read.decoded(answer, "stages")
    assert str(caught.value) == why


def test_a_list_holds_objects_and_nothing_else():
    """Nor is an object a list."""
    assert read.rows([{}], "jobs") == [{}]
    assert read.record({}, "metrics") == {}
    for value in ({}, [1], None):
        with pytest.raises(UnusableAnswerError, match="jobs: not the list that Spark returns"):
            read.rows(value, "jobs")
    with pytest.raises(UnusableAnswerError, match="metrics: not the object that Spark returns"):
        read.record([], "metrics")


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (Answer(401, b""), "Set login and password, or the header that it requires"),
        (Answer(403, b""), "These credentials may not read it"),
        (Answer(404, b"unknown app"), "Check the application's id"),
        (Answer(407, b""), "There is a proxy in front of the server"),
        (
            Answer(200, b"\n<!DOCTYPE html>"),
            "A web page, not Spark's REST API. If it is a login page: Set login",
        ),
        (Answer(200, b"{"), ""),
        (Answer(500, b""), ""),
    ],
)
def test_an_answer_that_is_refused_comes_with_what_to_do(answer, advice):
    """Where that is known; the sentence alone goes into an observation."""
    with pytest.raises(UnusableAnswerError) as caught:
        read.decoded(answer, "stages")
    assert caught.value.advice.startswith(advice)
    assert bool(caught.value.advice) is bool(advice)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert (str(again), again.advice) == (str(caught.value), caught.value.advice)
