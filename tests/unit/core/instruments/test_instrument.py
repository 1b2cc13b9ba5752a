"""A measurement is what the wire protocol says, whatever its values are."""

from __future__ import annotations

import json

import pytest

from airflow_spark_guard.core.instruments.instrument import MOST_CAPTURED, Captured, Instrument
from airflow_spark_guard.core.protocol import Message
from tests.support.measurements import LINES, measured, message_of


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["what"])
def test_a_golden_message_keeps_all_that_it_says(line):
    """Through the record and back."""
    found = Instrument.of(message_of(line))
    row = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert Instrument.from_json(row) == found
    known = {name: value for name, value in line["values"].items() if value is not None}
    assert row["values"] == known
    assert [row[name] for name in ("what", "name", "line", "warning")] == [
        line[name] for name in ("what", "name", "line", "warning")
    ]
    assert (row["wall"], row.get("skipped")) == (line["t"], line.get("skipped"))


def test_a_closure_has_its_captured_objects():
    """The largest first, as the job sends them; five at most."""
    found = Instrument.of(message_of(LINES[0]))
    assert found.captured[0] == Captured("self.model", "Model", 22858752)
    many = [{"path": f"a{n}", "type": "T", "bytes": n} for n in range(50)]
    assert len(measured("closure", captured=many).captured) == MOST_CAPTURED


def test_another_kind_of_message_is_no_measurement():
    """Each message is asked."""
    assert Instrument.of(Message("warning", 0.0, {"text": "x"})) is None


@pytest.mark.parametrize(
    "number", [None, "5", True, -1, -0.5, 1e300, 10**400, float("nan"), float("inf"), [], {}]
)
def test_what_is_no_number_is_not_known(number):
    """A wrong figure does not end a job, and is shown nowhere."""
    assert measured("frame", depth=number, columns=3).numbers == {"columns": 3}


def test_fields_of_another_version_are_ignored():
    """Also those that another kind of measurement has."""
    found = measured("broadcast", bytes=3, depth=4, later="x", type=["no text"])
    assert (found.numbers, found.texts, found.captured) == ({"bytes": 3}, {}, ())
    assert measured("closure", captured=["x", {"path": 3}]).captured == (Captured("", "", None),)
    assert measured("closure", captured={"path": "x"}).captured == ()


def test_texts_are_one_safe_line_each():
    """Whatever the names of the job are."""
    evil = "a\n::group::\x1b[2J\u202e" + "x" * 100_000
    found = measured("closure", evil, evil, evil, captured=[{"path": evil, "type": evil, "bytes": 1}])
    texts = (found.name, found.line, found.warning, found.captured[0].path, found.captured[0].type)
    for text in texts:
        assert not {"\n", "\x1b", "\u202e"} & set(text)
        assert "::group::" not in text
        assert len(text) <= 1000
    assert "hunter2" not in measured("closure", "password=hunter2").name


@pytest.mark.parametrize("value", [None, [], "x", {}, {"what": "else"}, {"what": []}, {"left_out": 3}])
def test_a_line_that_is_no_measurement_is_refused(value):
    """The record may be damaged, or of a later version."""
    with pytest.raises(ValueError, match="^not a measurement of the instruments$"):
        Instrument.from_json(value)


def test_a_line_with_nothing_but_its_kind_is_a_measurement():
    """All else is not known."""
    assert Instrument.from_json({"what": "stage", "values": 3, "name": None}) == Instrument("stage", "")
