"""Filters that the files never see, and small files."""

import pytest

from airflow_spark_guard.core.history.alerts.scans import SmallFilesRead, SmallFilesWritten, UnpushedFilter
from tests.support.histories import application, execution, node

NULLS = "PushedFilters: [IsNotNull(id)]"


def filtered(condition, pushed=NULLS, read=10**7, kept=10**5, **fields):
    """As in the event log of Spark 4.2, from ``Filter`` down to the scan."""
    nodes = (
        node("Filter", 0, f"Filter {condition}", **({} if kept is None else {"rows": kept})),
        node("ColumnarToRow", 1, rows=read),
        node("InputAdapter", 2),
        node("Scan parquet ", 3, f"FileScan parquet [id#16L] {pushed}, ReadSchema: x", rows=read),
    )
    return list(UnpushedFilter().alerts(application(executions=(execution(6, *nodes, **fields),))))


@pytest.mark.parametrize(
    ("condition", "cure"),
    [
        ("(isnotnull(id#16L) AND (cast(id#16L as string) = 5))", "a value of its own type"),
        ("(isnotnull(id#16L) AND ((id#16L % 3) = 1))", "Compare the column itself"),
        ("(isnotnull(name#18) AND (upper(name#18) = N5))", "Compare the column itself"),
        ("(isnotnull(id#16L) AND (id#16L > 100))", "spark.sql.parquet.filterPushdown"),
    ],
)
def test_a_filter_that_the_scan_does_not_know_is_named_with_its_cure(condition, cure):
    """The conditions are Spark's own text."""
    (alert,) = filtered(condition)
    assert (alert.severity, alert.figure, alert.where) == ("warning", "99%", "execution 6")
    assert alert.what == (
        f"A filter on Scan parquet dropped 99% (limit: 90%) of 10,000,000 rows after they were read: "
        f"Filter {condition}"
    )
    assert cure in alert.cure


def test_empty_pushed_filters_count_too():
    assert filtered("(cast(id#16L as string) <=> 5)", pushed="PushedFilters: []")


def test_a_filter_that_was_pushed_or_that_no_source_can_know_raises_none():
    assert (
        filtered(
            "(isnotnull(id#16L) AND (id#16L > 100))", "PushedFilters: [IsNotNull(id), GreaterThan(id,100)]"
        )
        == []
    )
    assert filtered("pythonUDF0#476: boolean") == []
    assert filtered("(id#16L = Subquery subquery#5)") == []
    assert filtered("isnotnull(id#16L)") == []
    assert filtered("((id#16L % 3) = 1)", pushed="PushedFilters: [IsNotNull(id), ...") == []


def test_few_rows_and_a_filter_that_keeps_most_raise_none():
    assert filtered("((id#16L % 3) = 1)", read=10**5, kept=1) == []
    assert filtered("((id#16L % 3) = 1)", kept=6 * 10**6) == []


def test_a_filter_without_a_metric_kept_no_row_once_the_execution_has_ended():
    """Spark writes no metric of 0."""
    (alert,) = filtered("((id#16L % 3) = 1)", kept=None)
    assert alert.figure == "100%"
    assert filtered("((id#16L % 3) = 1)", kept=None, ended=None) == []
    assert filtered("((id#16L % 3) = 1)", kept=None, failure="no") == []


def read(files, size):
    nodes = (node("Scan csv ", 0, number_of_files_read=files, size_of_files_read=size),)
    return list(SmallFilesRead().alerts(application(executions=(execution(6, *nodes),))))


def test_many_small_files_read_are_named_with_their_mean_size():
    (alert,) = read(4000, 4000 * 2**20)
    assert (alert.severity, alert.figure, alert.limit) == ("warning", "4,000 files", "100 files")
    assert alert.what == "A scan read 4,000 files (limit: 100 files) of 1 MiB on average (limit: 3 MiB)."


def test_few_files_and_large_files_raise_none():
    assert read(100, 1) == []
    assert read(4000, 4000 * 4 * 2**20) == []
    assert list(SmallFilesRead().alerts(application(executions=(execution(6, node("Range", 0)),)))) == []


def written(files, size, parts=0):
    nodes = (
        node(
            "Execute InsertIntoHadoopFsRelationCommand", 0,
            number_of_written_files=files, written_output=size, number_of_dynamic_part=parts,
        ),
    )  # fmt: skip
    return list(SmallFilesWritten().alerts(application(executions=(execution(6, *nodes),))))


def test_many_small_files_written_get_a_number():
    (alert,) = written(400, 400 * 2**20)
    assert alert.what == "The write made 400 files (limit: 100 files) of 1 MiB on average (limit: 3 MiB)."
    assert alert.cure == "Call coalesce(4) or repartition(4) before the write."


def test_files_of_partitions_get_the_columns():
    (alert,) = written(400, 400 * 2**20, parts=7)
    assert "columns of partitionBy()" in alert.cure
    assert "7 partitions" in alert.cure
    assert written(90, 1) == []
