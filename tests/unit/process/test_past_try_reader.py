"""A past try from its record."""

import json

import pytest

from airflow_spark_guard.core.watch.observation import DriverView, Observation
from airflow_spark_guard.process.past_try_reader import LateError, always, past_try
from tests.support.reports import SUMMARY, write_record

SEEN = tuple(Observation(float(at), driver=DriverView(1)) for at in range(3))


def test_a_try_has_its_time_and_its_observations(tmp_path):
    found = past_try(write_record(tmp_path / "r", SUMMARY, SEEN), "the try")
    assert (found.name, found.state, found.seconds) == ("the try", "failed", 90.0)
    assert [seen.at for seen in found.observations] == [0.0, 1.0, 2.0]


def test_lines_of_another_form_are_left_out(tmp_path):
    """Also one that is being written."""
    folder = write_record(tmp_path / "r", SUMMARY, SEEN)
    with (folder / "observations.jsonl").open("a") as file:
        file.write('{"at": NaN}\n[]\n{"at": "x"}\n{"at"')
    assert len(past_try(folder, "x").observations) == 3


@pytest.mark.parametrize(
    "changed",
    [
        {"state": "running"},
        {"state": ""},
        {"ended_at_s": None},
        {"ended_at_s": -1.0},
        {"ended_at_s": "90"},
        {"ended_at_s": 1e299},
        {"v": 99},
    ],
)
def test_what_is_not_a_try_that_is_over_is_none(tmp_path, changed):
    assert past_try(write_record(tmp_path / "r", SUMMARY | changed), "x") is None
    assert past_try(tmp_path / "none", "x") is None


def test_a_number_that_json_does_not_allow_is_none(tmp_path):
    folder = write_record(tmp_path / "r")
    (folder / "summary.json").write_text(json.dumps(SUMMARY).replace("90.0", "NaN"))
    assert past_try(folder, "x") is None


def test_to_go_through_the_observations_takes_time_too(tmp_path):
    """Whoever may not go on gets no part of them."""
    left = [True] * 5
    found = past_try(write_record(tmp_path / "r", SUMMARY, SEEN), "x", lambda: bool(left) and left.pop())
    assert len(found.observations) == 3
    assert SEEN[2] in found.observations
    with pytest.raises(LateError):
        list(found.observations)


def test_a_try_is_whole_if_the_store_returned_all_of_it(tmp_path):
    """Without observations it is: the next time nothing else would be read. A damaged line may have been one of them."""
    folder = write_record(tmp_path / "r", SUMMARY, SEEN)
    assert past_try(folder, "x").is_whole
    with (folder / "observations.jsonl").open("a") as file:
        file.write('{"at"')
    assert past_try(folder, "x").is_whole, "the last line may be being written"
    with (folder / "observations.jsonl").open("a") as file:
        file.write("\n")
    assert not past_try(folder, "x").is_whole
    (folder / "observations.jsonl").unlink()
    assert past_try(folder, "x").is_whole
    (folder / "observations.jsonl").mkdir()
    assert not past_try(folder, "x").is_whole


def test_a_part_of_a_try_is_not_one(tmp_path):
    """It would seem to have needed less than it did."""
    folder = write_record(tmp_path / "r", SUMMARY, SEEN)
    left = [True, True]
    with pytest.raises(LateError):
        past_try(folder, "x", lambda: bool(left) and left.pop())
    assert len(past_try(folder, "x", always).observations) == 3
