"""The tables of a page."""

import pytest

from airflow_spark_guard.core.history.model import ApplicationHistory, Spread, StageHistory
from airflow_spark_guard.report.contents import Contents
from airflow_spark_guard.report.tables import readable_size, tables_of
from tests.support.reports import SUMMARY, at, history


def table(name, summary=SUMMARY, **fields):
    (found,) = [one for one in tables_of(Contents("p", history(**fields), summary)) if one.name == name]
    return found


def rows(found):
    return [[cell.text for cell in row] for row in found.rows]


def test_stages_come_longest_first_with_their_figures():
    spread = Spread(4, 1, 1, 2.5, 3, 9, 14)
    stage = StageHistory(
        1,
        0,
        name="n",
        tasks=4,
        done=4,
        failed=1,
        submitted=at(5),
        completed=at(15),
        duration=spread,
        input_bytes=3 << 20,
        shuffle_read_bytes=0,
    )
    found = table(
        "stages", stages=(stage, StageHistory(2, 1, submitted=at(0), completed=at(20), failure="gone"))
    )
    assert [row[0] for row in rows(found)] == ["2.1", "1"]
    assert rows(found)[0][1] == ": gone"
    assert rows(found)[1] == ["1", "n", "10s", "4 of 4", "1", "2.5s", "9s", "3.0 MiB", "0 B", "", ""]


def test_a_stage_that_is_over_has_no_half_seen_number_of_tasks():
    seen = StageHistory(1, 0, tasks=4, done=1, submitted=at(5), completed=at(15))
    running = StageHistory(2, 0, tasks=4, done=1, submitted=at(5))
    found = table("stages", stages=(seen, running))
    assert [row[3] for row in rows(found)] == ["1 of 4", "4"]


def test_lost_executors_come_first_with_reason_and_time():
    first, second = rows(table("executors"))
    assert (first[0], first[-1]) == ("2", "after 30s: exited with 137")
    assert (second[0], second[-1]) == ("1", "")


def test_the_configuration_has_the_origin_of_each_value():
    assert rows(table("conf")) == [
        ["spark.app.name", "flights", "task"],
        ["spark.master", "local[2]", "conf"],
    ]


def test_an_application_without_a_record_has_its_configuration_alone():
    found = table("conf", summary={}, conf={"spark.b": "2", "spark.a": "1"})
    assert (found.columns, rows(found)) == (("Key", "Value"), [["spark.a", "1"], ["spark.b", "2"]])


def test_limits_are_those_of_the_attempt():
    assert rows(table("limits")) == [["stall_timeout", "1m"]]


def test_a_table_without_rows_is_left_out():
    assert tables_of(Contents("p", ApplicationHistory())) == ()


def test_a_long_table_is_cut_and_says_so():
    stages = tuple(StageHistory(n, 0, submitted=at(0), completed=at(1)) for n in range(2000))
    found = table("stages", stages=stages)
    assert (len(found.rows), found.note) == (100, "The longest 100 of 2,000.")


def test_long_texts_are_cut_to_one_line():
    found = table("stages", stages=(StageHistory(0, 0, name="a\n" * 900, submitted=at(0)),))
    assert len(rows(found)[0][1]) == 300


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 << 30, "5.0 GiB"), (3 << 50, "3072.0 TiB")],
)
def test_sizes_are_readable(size, text):
    assert readable_size(size) == text
