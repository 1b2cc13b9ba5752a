from __future__ import annotations

import traceback
import types

import pytest

from airflow_spark_guard.job.instruments.automatic.wrapping import Hook, Wrapping


class Base:
    def inherited(self, value):
        """Doubles."""
        return value * 2


class Frame(Base):
    def own(self, value):
        return value + 1

    def broken(self):
        msg = "of the user"
        raise ValueError(msg)

    def stack(self):
        return traceback.extract_stack()


class Times100(Hook):
    def __init__(self):
        self.seen = []

    def before(self, args, kwargs):
        self.seen.append(("before", args[1:], dict(kwargs)))
        return "token"

    def after(self, token, args, kwargs, result):
        del args, kwargs
        self.seen.append(("after", token))
        return result * 100

    def finally_(self, token):
        self.seen.append(("finally", token))


@pytest.fixture
def wrapping():
    made = Wrapping("/spark/python/pyspark")
    yield made
    made.undo()


def test_wraps_own_and_inherited_functions_and_puts_them_back(wrapping):
    own = Frame.own
    wrapping.replace(Frame, "own", Times100())
    wrapping.replace(Frame, "inherited", Times100())
    assert (Frame().own(1), Frame().inherited(1), Base().inherited(1)) == (200, 200, 2)
    assert (Frame.inherited.__name__, Frame.inherited.__doc__) == ("inherited", "Doubles.")
    wrapping.undo()
    wrapping.undo()
    assert Frame.own is own
    assert "inherited" not in vars(Frame)


def test_the_hook_runs_before_and_after(wrapping):
    hook = Times100()
    wrapping.replace(Frame, "own", hook)
    Frame().own(value=1)
    assert hook.seen == [("before", (), {"value": 1}), ("after", "token"), ("finally", "token")]


def test_an_error_of_the_function_passes_unchanged(wrapping):
    hook = Times100()
    wrapping.replace(Frame, "broken", hook)
    with pytest.raises(ValueError, match="^of the user$"):
        Frame().broken()
    assert [name for name, *_ in hook.seen] == ["before", "finally"]


def test_a_function_of_a_module(wrapping):
    module = types.ModuleType("module")
    module.act = lambda value: value
    wrapping.replace(module, "act", Times100())
    assert module.act(1) == 100
    wrapping.undo()
    assert module.act(1) == 1


def test_what_is_missing_or_no_function_is_left_alone(wrapping):
    wrapping.replace(Frame, "unknown", Times100())
    wrapping.replace(Frame, "__doc__", Times100())
    wrapping.undo()
    assert not hasattr(Frame, "unknown")


def test_a_wrapper_that_another_one_has_wrapped_stays_and_does_nothing(wrapping):
    theirs = Wrapping("/spark/python/pyspark")
    wrapping.replace(Frame, "own", Times100())
    theirs.replace(Frame, "own", Times100())
    assert Frame().own(1) == 20_000
    wrapping.undo()
    assert Frame().own(1) == 200, "theirs alone"
    theirs.undo()
    assert Frame().own(1) == 2


def test_the_frame_of_a_wrapper_counts_as_pysparks(wrapping):
    """PySpark looks for the first frame of its own, and names the one that called it."""
    wrapping.replace(Frame, "stack", Hook())
    *_, caller, ours, _ = Frame().stack()
    assert caller.filename == __file__
    assert (ours.filename, ours.name) == ("/spark/python/pyspark/spark_guard_instruments.py", "stack")
