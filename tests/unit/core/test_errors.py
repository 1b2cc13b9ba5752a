import ast
import inspect
import pickle
import re

import pytest

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.errors import AttemptDetails, AttemptError, DeadlineError, SparkGuardError
from airflow_spark_guard.core.verdict import Verdict
from tests.support.source import nodes, python_files

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


def test_each_detail_is_an_attribute_of_its_name():
    """And ``place``, as ``where`` was called until 0.7."""
    details = AttemptDetails("job.py:3, fit", "/records/1", 60.0, retry=True, evidence_shown=True)
    error = AttemptError("It hung.", details=details)
    assert {name: getattr(error, name) for name in vars(details)} == vars(details)
    assert error.place == error.where == "job.py:3, fit"


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


def test_every_other_exception_of_the_package_is_named_with_its_reason():
    """One of ours by base stands in this module; Airflow's kinds of ours are made where Airflow is known."""
    bases = {
        node.name: {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        for path in python_files()
        for node in nodes(path)
        if isinstance(node, ast.ClassDef) and node.name.endswith(("Error", "Exception"))
    }
    tree = {found.__name__ for found in CLASSES}
    elsewhere = bases.keys() - tree - {"_MayBeRetriedError", "_FinalError"}
    assert not [name for name in elsewhere if bases[name] & tree]
    described = errors.__doc__.partition("Two kinds are not in this tree.")[2]
    assert set(re.findall(r"``(\w+Error)``", described)) == elsewhere


def test_long_parts_are_wrapped_at_a_hundred_columns_and_no_path_is_broken():
    """A log's pane shows so much without being scrolled to the side."""
    path = "/data/" + "/".join(["folder"] * 20) + "/job.py:12"
    details = AttemptDetails(where=f"{path}, fit", record=f"{path} of it")
    error = AttemptError("It hung. " * 20, got="one two " * 30, advice="Do this. " * 30, details=details)
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
    error = AttemptError("It hung.", evidence="line 1\n" * 60, details=AttemptDetails(evidence_logged=True))
    assert str(error) == "UNKNOWN: It hung."


def test_line_ends_of_a_part_stay():
    """A list of things is a list."""
    assert str(SparkGuardError("It broke.", got="a\n  b")) == "It broke.\n  got: a\n  b"
