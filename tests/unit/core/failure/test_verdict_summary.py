import json

from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.errors import AttemptDetails, AttemptError, StalledError, UserCodeError
from airflow_spark_guard.core.failure.verdict_summary import LARGEST_SUMMARY, verdict_summary
from airflow_spark_guard.core.verdict_table import RetryAdvice

ADVICE = RetryAdvice(retry=True, times=1, hint="A second look may pass.")


def test_a_verdict_in_few_words():
    """Always the same keys; what is not known is empty; no evidence."""
    error = StalledError(
        "Nothing moved for 10m.",
        got="0 of 8 tasks",
        advice="Look at the line.",
        orphans=("12 java",),
        evidence="Traceback: secret rows",
        details=AttemptDetails(where="job.py:12, train", record="records/dag/run"),
    )
    assert verdict_summary(error, ADVICE, 2) == {
        "verdict": "STALLED",
        "what": "Nothing moved for 10m.",
        "where": "job.py:12, train",
        "got": "0 of 8 tasks",
        "advice": "Look at the line.",
        "record": "records/dag/run",
        "orphans": ["12 java"],
        "retry": True,
        "retry_can_help": True,
        "tries_left": 2,
        "hint": "A second look may pass.",
        "observed": False,
        "verdicts": ["STALLED"],
    }
    assert set(verdict_summary(AttemptError("?"), ADVICE)) == set(verdict_summary(error, ADVICE))


def test_without_a_try_left_no_retry_follows():
    """Whoever reads XCom is told to wait only for a try that comes; what the verdict says stays known."""
    last = verdict_summary(StalledError("x"), ADVICE, 0)
    assert (last["retry"], last["retry_can_help"], last["tries_left"]) == (False, True, 0)
    useless = verdict_summary(UserCodeError("x"), RetryAdvice(retry=False, times=0, hint=""), 3)
    assert (useless["retry"], useless["retry_can_help"], useless["tries_left"]) == (False, False, 3)


def test_a_secret_is_masked_before_the_text_is_cut():
    """The end of the text lies in the middle of the secret."""
    error = UserCodeError("x" * 480 + " password=geheim-4711-geheim-4712-geheim-4713")
    what = verdict_summary(error, ADVICE)["what"]
    assert len(what) <= 500
    assert "geheim" not in what


def test_long_texts_are_cut_and_few_orphans_named():
    """500 characters a text, 100 an orphan, ten of them."""
    summary = verdict_summary(UserCodeError("w" * 501, orphans=("o" * 101,) * 11), ADVICE)
    assert summary["what"] == "w" * 497 + "..."
    assert summary["orphans"] == ["o" * 97 + "..."] * 10


text = st.text(st.characters(codec="utf-8"), max_size=40).map(lambda part: part * 60)


@given(texts=st.lists(text, min_size=6, max_size=6), orphans=st.lists(text, max_size=12))
def test_whatever_the_texts_are_it_is_small_json(texts, orphans):
    """At most 4096 bytes, escapes included."""
    details = AttemptDetails(where=texts[3], record=texts[4])
    error = AttemptError(texts[0], got=texts[1], advice=texts[2], orphans=tuple(orphans), details=details)
    summary = verdict_summary(error, RetryAdvice(retry=False, times=None, hint=texts[5]))
    assert len(json.dumps(summary)) <= LARGEST_SUMMARY
    assert json.loads(json.dumps(summary)) == summary


def test_texts_of_escapes_alone_fit_too():
    """Twelve bytes of JSON for each character."""
    worst = "\U0001f600" * 600
    details = AttemptDetails(where=worst, record=worst)
    error = AttemptError(worst, got=worst, advice=worst, orphans=(worst,) * 12, details=details)
    summary = verdict_summary(error, RetryAdvice(retry=False, times=None, hint=worst))
    assert len(json.dumps(summary)) <= LARGEST_SUMMARY
    assert summary["what"].startswith("\U0001f600")


def test_an_observed_verdict_says_so_and_that_nothing_is_tried_again():
    """The first verdict of the attempt is the one that would have ended it."""
    summary = verdict_summary(StalledError("x"), ADVICE, 2, ("STARVED", "STALLED"))
    assert summary["observed"] is True
    assert (summary["verdict"], summary["verdicts"]) == ("STALLED", ["STARVED", "STALLED"])
    assert (summary["retry"], summary["retry_can_help"], summary["tries_left"]) == (False, True, 2)
    many = verdict_summary(StalledError("w" * 9999), ADVICE, 0, ("EXECUTORS_LOST",) * 99)
    assert len(json.dumps(many)) <= LARGEST_SUMMARY
