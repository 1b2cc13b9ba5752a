"""A failure of which more becomes known; and that nothing changes an exception instead."""

from __future__ import annotations

import ast
import traceback

import pytest

from airflow_spark_guard.core import errors
from airflow_spark_guard.core.failure.evolved import evolved, raise_instead, remade
from tests.support.source import PACKAGE, nodes, python_files

# Where the new exception gets what Python itself keeps with the old one.
MAKERS = {("core/failure/evolved.py", "remade"), ("core/failure/evolved.py", "raise_instead")}


def fail(error, cause=None):
    raise error from cause


def raised(error, cause):
    """The same, once it was raised and caught."""
    with pytest.raises(type(error)) as caught:
        fail(error, cause)
    return caught.value


def test_what_became_known_is_added_and_the_rest_stays():
    """Class, parts, notes, traceback, cause; the old one is what it was."""
    cause = KeyError("why")
    error = raised(errors.StalledError("It hung.", got="1", orphans=("7 sleep",)), cause)
    error.add_note("a note")
    made = evolved(error, record="/records/1", evidence_logged=True)
    assert made is not error
    assert type(made) is errors.StalledError
    assert vars(made) == {**vars(error), "record": "/records/1", "evidence_logged": True}
    assert made.args == error.args
    assert made.__cause__ is cause
    assert made.__suppress_context__
    assert made.__traceback__ is error.__traceback__
    assert (error.record, error.evidence_logged) == ("", False)


def test_a_class_with_a_constructor_of_its_own_is_remade_all_the_same():
    """As pickle does it."""

    class Mine(errors.AttemptError):
        def __init__(self, number, *, unit):
            super().__init__(f"It took {number} {unit}.")
            self.number = number

    made = evolved(Mine(3, unit="s"), orphans=("7 sleep",))
    assert (type(made), made.what, made.number, made.orphans) == (Mine, "It took 3 s.", 3, ("7 sleep",))


def test_it_can_be_made_of_another_class_and_with_other_arguments():
    """For Airflow's kinds, and for masking."""

    class Kind(errors.StalledError):
        pass

    made = remade(errors.StalledError("x"), Kind, args=("y",), state={"what": "z"})
    assert (type(made), made.args, vars(made)) == (Kind, ("y",), {"what": "z"})


def test_raised_where_the_old_one_is_handled_it_shows_the_failure_once():
    """Its context is the old one's."""

    def handled(error):
        try:
            fail(error)
        except errors.StalledError as first:
            raise_instead(evolved(first, record="/records/1"))

    with pytest.raises(errors.StalledError) as caught:
        handled(errors.StalledError("It hung."))
    assert caught.value.__context__ is None
    text = "".join(traceback.format_exception(caught.value))
    assert text.count("STALLED: It hung.") == 1
    assert "another exception" not in text


# What an exception of ours has, by name: no other object has one of these set from outside.
PARTS = {*vars(errors.AttemptError("x")), "place", "args", "__class__", "__cause__", "__context__"}
PARTS |= {"__suppress_context__", "__traceback__", "__notes__"}
SETTERS = {"setattr", "delattr", "__setattr__"}


def is_exception(annotation):
    """Whether a parameter's type, as it is written, is that of an exception."""
    names = {node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)}
    return any(name.endswith(("Error", "Exception")) for name in names)


def exceptions_in(function):
    """Names that a function has for exceptions: caught, taken, or made by a class or a function that makes them."""
    for node in ast.walk(function):
        if isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name
        elif isinstance(node, ast.arg) and node.annotation is not None and is_exception(node.annotation):
            yield node.arg
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            called = name_called(node.value)
            if called.endswith(("Error", "Exception", "_error", "failure")) or called.startswith("error_of"):
                yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def changed_in(function):
    """(line, text) of each attribute that a function sets on what is, or looks like, an exception."""
    exceptions = set(exceptions_in(function))
    for node in ast.walk(function):
        set_here = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del)
        called = name_called(node) if isinstance(node, ast.Call) else ""
        owner = node.value if set_here else node.args[0] if called in SETTERS else None
        name = ast.unparse(owner) if owner is not None else ""
        if name in exceptions or (set_here and name not in {"self", "cls"} and node.attr in PARTS):
            yield node.lineno, ast.unparse(node)


def name_called(call):
    """The last part of its name."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def changed(nodes_of_module):
    """(function, line, text) of each place in a module that changes an exception."""
    for node in nodes_of_module:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from ((node.name, *found) for found in changed_in(node))


def test_nothing_in_the_package_changes_an_exception_once_it_is_made():
    """What becomes known later makes a new one."""
    found = {
        (str(path.relative_to(PACKAGE)), function): f"line {line}: {text}"
        for path in python_files()
        for function, line, text in changed(nodes(path))
    }
    assert found.keys() == MAKERS, found


@pytest.mark.parametrize(
    "body",
    [
        "error.record = '/x'",
        "found.where = 'a.py:3'",
        "error.__class__ = Other",
        "setattr(error, 'limit', 3)",
        "try:\n        work()\n    except OSError as caught:\n        caught.strerror = 'x'",
        "made = errors.StalledError('x')\n    made.anything = 1",
        "made = error_of_finding(finding)\n    made.anything, b = 1, 2",
        "del error.record",
    ],
)
def test_such_a_change_would_be_found(body):
    """By the exception's name, or by the attribute's."""
    changing = f"def f(self, error: AttemptError, finding):\n    {body}"
    assert list(changed(ast.walk(ast.parse(changing))))
    other = "def f(self, hook):\n    self.record = hook.result = 1"
    assert not list(changed(ast.walk(ast.parse(other))))
