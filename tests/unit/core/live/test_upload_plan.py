"""Which file goes next: what people look at first, what grows rarely, and at the end the summary before all."""

from __future__ import annotations

from airflow_spark_guard.core.live.upload_plan import PROMPT, RATE, SLOW, Copied, Seen, next_copy

OLD, NEW = Seen(10, 1), Seen(10, 2)


def order(names, **last):
    files, copied, found = dict.fromkeys(names, OLD), {}, []
    while name := next_copy(files, copied, 0.0, **last):
        found.append(name)
        copied[name] = Copied(files[name], 0.0, 0.0)
    return found


def test_the_summary_goes_first_and_the_output_last():
    names = [
        "output.log",
        "report.html",
        "live.json",
        "answer-1.json",
        "observations.jsonl",
        "summary.json",
        "traceback.txt",
    ]
    wanted = ["summary.json", "answer-1.json", "traceback.txt", "live.json", "report.html"]
    assert order(names)[:5] == wanted
    assert order(names, last=True)[:5] == wanted


def test_a_small_file_that_changes_waits_four_seconds_and_one_that_grows_a_minute():
    for name, pause in (("live.json", PROMPT), ("observations.jsonl", SLOW), ("output.tail.3", SLOW)):
        copied = {name: Copied(OLD, 100.0, 0.1)}
        assert next_copy({name: NEW}, copied, 100.0 + pause - 0.1) == ""
        assert next_copy({name: NEW}, copied, 100.0 + pause) == name
        assert next_copy({name: NEW}, copied, 100.1, last=True) == name
        assert next_copy({name: OLD}, copied, 10_000.0, last=True) == ""


def test_a_large_output_is_copied_no_faster_than_the_rate():
    size = 100 * RATE * 10
    copied = {"output.log": Copied(OLD, 0.0, 0.1)}
    assert next_copy({"output.log": Seen(size, 2)}, copied, size / RATE - 1) == ""
    assert next_copy({"output.log": Seen(size, 2)}, copied, size / RATE) == "output.log"


def test_a_slow_store_is_busy_for_a_fifth_of_the_time():
    copied = {"live.json": Copied(OLD, 0.0, 3.0)}
    assert next_copy({"live.json": NEW}, copied, 14.0) == ""
    assert next_copy({"live.json": NEW}, copied, 15.0) == "live.json"
