import inspect
import pickle
import re

import pytest

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.errors import AttemptError, DeadlineError, SparkGuardError
from airflow_spark_guard.core.verdict import Verdict

CLASSES = [
    found for _, found in inspect.getmembers(errors, inspect.isclass) if issubclass(found, SparkGuardError)
]


def test_a_message_says_what_got_expected_and_what_to_do():
    """In that order; the parts are attributes too."""
    error = SparkGuardError("It broke.", got="1", expected="2", advice="Mend it.")
    assert str(error) == "It broke.\n  got: 1\n  expected: 2\n  do: Mend it."
    assert (error.what, error.got, error.expected, error.advice) == ("It broke.", "1", "2", "Mend it.")


def test_parts_that_are_empty_are_left_out():
    """A short error is one line."""
    assert str(SparkGuardError("It broke.")) == "It broke."
    assert str(SparkGuardError("It broke.", advice="Mend it.")) == "It broke.\n  do: Mend it."


def test_an_attempts_error_names_verdict_orphans_and_evidence():
    """The verdict stands first, the evidence last."""
    error = AttemptError("It hung.", orphans=("12 java", "13 python"), evidence="line 1\nline 2")
    assert str(error) == (
        "UNKNOWN: It hung.\n  possible orphan: 12 java\n  possible orphan: 13 python\n\nline 1\nline 2"
    )


def test_a_class_has_its_verdict_and_an_error_may_have_another():
    """The verdict of the class is the default."""
    assert DeadlineError("Too long.").verdict is Verdict.DEADLINE
    assert DeadlineError("Too long.", verdict=Verdict.KILLED).verdict is Verdict.KILLED


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_keeps_its_parts_on_the_way_between_processes(kind):
    """Airflow pickles exceptions."""
    error = kind("It broke.", got="1", advice="Mend it.")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(again) is kind
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_the_tree_of_the_docstring_is_the_tree_of_the_classes():
    """Each class stands there below its parent."""
    drawn, parents = {}, ["Exception"]
    for indent, name in re.findall(r"^    ([ |+-]*)([A-Z]\w+) ", errors.__doc__, re.MULTILINE):
        depth = len(indent) // 4
        parents[depth + 1 :] = [name]
        drawn[name] = parents[depth]
    assert drawn == {found.__name__: found.__base__.__name__ for found in CLASSES}


def test_long_parts_are_wrapped_at_a_hundred_columns_and_no_path_is_broken():
    """A log's pane shows so much without being scrolled to the side."""
    path = "/data/" + "/".join(["folder"] * 20) + "/job.py:12"
    error = AttemptError("It hung. " * 20, got="one two " * 30, advice="Do this. " * 30)
    error.place, error.record = f"{path}, fit", f"{path} of it"
    lines = str(error).splitlines()
    assert [line for line in lines if len(line) > 100] == [
        f"  where: {path}, fit",
        f"  record: {path} of it",
    ]
    starts = [line.split(":")[0] for line in lines if not line.startswith("    ")]
    assert starts == ["UNKNOWN", "  got", "  do", "  where", "  record"]
    assert " ".join(str(error).split()).count("Do this.") == 30


def test_evidence_that_the_log_has_already_is_left_out():
    """The text of the exception ends the log: verdict, place and advice must stand there."""
    error = AttemptError("It hung.", evidence="line 1\n" * 60)
    error.evidence_logged = True
    assert str(error) == "UNKNOWN: It hung."


def test_line_ends_of_a_part_stay():
    """A list of things is a list."""
    assert str(SparkGuardError("It broke.", got="a\n  b")) == "It broke.\n  got: a\n  b"
