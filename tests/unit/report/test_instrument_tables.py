"""The tables of what the instruments have measured, and their warnings."""

from __future__ import annotations

from airflow_spark_guard.core.instruments.recorded import recorded_of
from airflow_spark_guard.report.instrument_tables import instrument_alerts, instrument_tables
from tests.support.measurements import LINES, measured

GOLDEN = recorded_of(LINES).measured


def texts(table):
    return [[cell.text for cell in row] for row in table.rows]


def test_each_kind_has_its_table():
    """Of the golden messages."""
    closures, frames, broadcasts, stages = instrument_tables(GOLDEN)
    assert texts(closures) == [
        ["save_partition", "21.8 MiB", "self.model (Model, 21.8 MiB), self (Classifier, 512 B)", "job.py:38"]
    ]
    assert texts(frames) == [["predictions_input", "42", "1", "24", "1 MiB", "local, 1.25s", "job.py:51"]]
    assert texts(broadcasts) == [["lookup", "5 MiB", "dict", ""]]
    assert texts(stages) == [
        ["76: count at job.py:60", "200", "1 GiB", "17.4", "1m 1s", "3.5s", "391 KiB", "12%", "job.py:60"]
    ]
    assert len({table.name for table in (closures, frames, broadcasts, stages)}) == 4


def test_a_table_without_rows_is_left_out():
    """An even stage is no row."""
    assert instrument_tables([]) == ()
    assert instrument_tables([measured("stage", stage=3, skew=1.1)]) == ()


def test_rows_with_a_warning_come_first_and_are_marked():
    """In words, not by colour alone."""
    (table,) = instrument_tables(
        [measured("closure", "large", bytes=9), measured("closure", "warned", warning="Too large.", bytes=5)]
    )
    assert [(row[0].mark, row[0].text) for row in table.rows] == [("warning", "warned"), ("", "large")]


def test_what_is_not_known_is_empty():
    """A checkpoint alone, a stage without a number."""
    frames, stages = instrument_tables(
        [measured("checkpoint", "", depth_before=31), measured("stage", "a", attempt=2, skew=3)]
    )
    assert texts(frames) == [["without a name", "31", "", "", "", "yes", ""]]
    assert texts(stages)[0][:4] == ["a", "", "", "3"]
    (again,) = instrument_tables([measured("stage", "a", stage=4, attempt=2, skew=3)])
    assert texts(again)[0][0] == "4.2: a"


def test_rows_are_bounded_and_the_table_says_how_many_are_missing():
    """A loop may make thousands of names."""
    for what, values in (("closure", {}), ("frame", {}), ("broadcast", {}), ("stage", {"skew": 9})):
        rows = [measured(what, f"{what}{n}", **values) for n in range(1200)]
        (table,) = instrument_tables(rows)
        assert len(table.rows) == 50
        assert table.note.endswith("The first 50 of 1,200; 1,150 are left out.")


def test_each_warning_is_a_finding_once():
    """With its line; the sentence says what to do."""
    alerts = instrument_alerts([*GOLDEN, *GOLDEN])
    assert [(alert.title, alert.line, alert.tone, alert.cure) for alert in alerts] == [
        ("closure: save_partition", "job.py:38", "warn", ""),
        ("broadcast: lookup", "", "warn", ""),
    ]
    assert alerts[0].what.endswith("Pass it as a broadcast.")
    assert len(instrument_alerts([measured("stage", warning=str(n)) for n in range(90)])) == 20
