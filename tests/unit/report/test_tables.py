"""The tables of a page."""

from airflow_spark_guard.core.history.cost import Receipt
from airflow_spark_guard.core.history.model import (
    ApplicationHistory,
    Spread,
    SqlHistory,
    SqlNode,
    StageHistory,
)
from airflow_spark_guard.report.contents import Contents
from airflow_spark_guard.report.tables import tables_of
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
    assert rows(found)[1] == ["1", "n", "10s", "4 of 4", "1", "2.5s", "9s", "3 MiB", "0 B", "", ""]


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


def test_the_receipt_has_amounts_and_shares():
    receipt = Receipt(
        held=7200.0, used=1800.0, useful=1800.0, idle=5400.0, failed=0.0, held_gib=3600.0,
        price=2.0, wasted_price=1.5, currency="EUR", unknown=("The driver is not known.",),
    )  # fmt: skip
    (found,) = [one for one in tables_of(Contents("p", receipt=receipt)) if one.name == "cost"]
    assert rows(found) == [
        ["Held by executors", "2.00 core-h", "100%"],
        ["Used by tasks that succeeded", "1,800 core-s", "25%"],
        ["Lost in failed tasks", "0 core-s", "0%"],
        ["Idle", "1.50 core-h", "75%"],
        ["Price of the executors", "2.00 EUR", ""],
        ["Of that not useful", "1.50 EUR", ""],
        ["Memory held by executors", "1.00 GiB-h", ""],
    ]
    assert found.note == "The driver is not known."


def test_a_receipt_without_figures_is_left_out():
    assert tables_of(Contents("p", receipt=Receipt(unknown=("x",)))) == ()


def test_queries_come_longest_first_with_their_operators():
    nodes = (SqlNode("Exchange"), SqlNode("Scan parquet"), SqlNode("Exchange"))
    executions = (
        SqlHistory(1, "short", started=at(0), ended=at(1)),
        SqlHistory(2, "long", started=at(0), ended=at(9), failure="gone", nodes=nodes),
    )
    assert rows(table("queries", executions=executions)) == [
        ["2", "long: gone", "9s", "Exchange, Scan parquet"],
        ["1", "short", "1s", ""],
    ]


def test_a_table_without_rows_is_left_out():
    assert tables_of(Contents("p", ApplicationHistory())) == ()


def test_a_long_table_is_cut_and_says_so():
    stages = tuple(StageHistory(n, 0, submitted=at(0), completed=at(1)) for n in range(2000))
    found = table("stages", stages=stages)
    assert (len(found.rows), found.note) == (100, "The longest 100 of 2,000.")


def test_long_texts_are_cut_to_one_line():
    found = table("stages", stages=(StageHistory(0, 0, name="a\n" * 900, submitted=at(0)),))
    assert len(rows(found)[0][1]) == 300


def test_of_a_log_the_tasks_of_a_stage_that_only_failed_are_known():
    stage = StageHistory(1, 0, tasks=3, failed=4, submitted=at(5), completed=at(9), lost_s=1.0)
    assert rows(table("stages", stages=(stage,)))[0][3] == "0 of 3"
