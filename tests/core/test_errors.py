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
