import math
from dataclasses import fields
from datetime import timedelta

import pytest

from airflow_spark_guard.core.errors import LimitError
from airflow_spark_guard.core.limits import (
    GuardLimits,
    asdict_shallow,
    check_literal_limits,
    checked_limits,
)
from tests.unit.core.templater import Later, context


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("deadline", 0),
        ("deadline", -1),
        ("deadline", "soon"),
        ("deadline", True),
        ("deadline", timedelta(0)),
        ("deadline", float("nan")),
        ("deadline", float("inf")),
        ("exit_timeout", None),
        ("exit_timeout", "0s"),
        ("kill_grace", "5s"),
        ("kill_grace", 0),
        ("result_size", "1.5k"),
        ("result_size", 0),
        ("result_size", -1),
        ("log_lines", 0),
        ("log_lines", "many"),
        ("log_lines", 1.5),
        ("log_lines", True),
        ("log_lines", None),
    ],
)
def test_a_limit_that_cannot_hold_is_refused_at_once(field, value):
    """The message names the field, the value and what to write."""
    with pytest.raises(
        LimitError, match=rf"^GuardLimits\.{field} is not valid\.\n  got: .*\n  expected: a .*\n  do: "
    ) as e:
        GuardLimits(**{field: value})
    assert e.value.got == repr(value)


ORDER = [
    ("evidence_window", "stall_timeout"),
    ("evidence_window", "driver_silence"),
    ("poll_interval", "stall_timeout"),
    ("stall_timeout", "deadline"),
    ("start_timeout", "deadline"),
    ("driver_silence", "deadline"),
    ("executors_gone", "deadline"),
    ("kill_grace", "deadline"),
]


@pytest.mark.parametrize(("small", "large"), ORDER)
def test_limits_that_contradict_each_other_are_refused_as_a_pair(small, large):
    """The message names both, their values and the order that they need; a rendered template is no way out."""
    with pytest.raises(
        LimitError,
        match=rf"^GuardLimits\.{small} and GuardLimits\.{large} contradict each other\.\n"
        rf"  got: {small}='4s', {large}=4\n"
        rf"  expected: {small} < {large}: otherwise {small} could never be reached first\n"
        rf"  do: Lower {small}, or raise {large}\.$",
    ):
        GuardLimits(**{small: "4s", large: 4})
    later = GuardLimits(**{small: "{{ seconds }}s", large: 4})
    assert getattr(later.resolve(context(seconds=3)), small) == "3s"
    with pytest.raises(LimitError, match=rf"^GuardLimits\.{small} and GuardLimits\.{large} contradict"):
        later.resolve(context(seconds=4))
    assert GuardLimits(**{small: Later(9), large: 4}) is not None


@pytest.mark.parametrize(("small", "large"), ORDER)
def test_a_default_gives_way_to_a_chosen_limit(small, large):
    """Only two values that somebody chose can contradict each other."""
    assert getattr(GuardLimits(**{large: "4s"}), large) == "4s"
    assert getattr(GuardLimits(**{small: 4}), small) == 4


def test_limits_can_be_written_in_many_ways():
    """Numbers, durations, sizes and text."""
    limits = GuardLimits(
        deadline=timedelta(hours=2), exit_timeout=30, kill_grace="4s", result_size="512k", log_lines="500"
    )
    assert limits.deadline_seconds() == 7200
    assert str(limits) == "deadline 2h, exit_timeout 30s"


def test_without_a_deadline_it_is_an_hour_or_the_tasks_own():
    """An execution_timeout holds alone."""
    assert GuardLimits().deadline_seconds() == 3600
    assert GuardLimits().deadline_seconds(execution_timeout=60) is None
    assert GuardLimits("5m").deadline_seconds(execution_timeout=60) == 300
    assert str(GuardLimits()) == "deadline execution_timeout, exit_timeout 5m"


def test_a_template_is_checked_when_it_is_rendered():
    """Before that nobody knows its value."""
    limits = GuardLimits(deadline="{{ hours }}h", log_lines=Later(5))
    assert limits.resolve(context(hours=2)) == GuardLimits("2h", log_lines=5)
    with pytest.raises(LimitError, match=r"^GuardLimits\.deadline is not valid\.\n  got: 'xh'"):
        limits.resolve(context(hours="x"))


def test_a_template_can_be_shown():
    """A log line or the UI may ask before it is rendered."""
    limits = GuardLimits(deadline="{{ hours }}h", exit_timeout=Later(5))
    assert str(limits) == "deadline {{ hours }}h, exit_timeout later"
    assert limits.serialize()["deadline"] == "{{ hours }}h"
    assert limits.serialize()["exit_timeout"] == "later"


def test_the_rendered_field_is_plain_text_without_what_is_unset():
    """Airflow stores it as JSON."""
    shown = GuardLimits(kill_grace=2).serialize()
    assert (shown["exit_timeout"], shown["kill_grace"], shown["log_lines"]) == ("5m", "2", "10000")
    assert {field.name for field in fields(GuardLimits)} - set(shown) == {
        "deadline",
        "driver_silence",
        "executor_losses",
    }


def test_the_fields_are_read_as_they_are():
    """What another task will give is not copied."""
    later = Later(5)
    assert asdict_shallow(GuardLimits(log_lines=later))["log_lines"] is later


def test_limits_that_are_left_out_are_the_defaults():
    """Limits that are given stay the same object."""
    limits = GuardLimits("2h")
    assert checked_limits(limits) is limits
    assert checked_limits(None) == GuardLimits()


def test_text_in_the_place_of_limits_is_refused():
    """A template that stands for the whole object leaves text behind."""
    with pytest.raises(
        LimitError, match=r"^The operator's limits are not valid\.\n  got: '2h'\n  expected: Guard"
    ):
        checked_limits("2h")


@pytest.mark.parametrize("value", ["Warn", "observe", "ended", "", None, True, 1, ["warn"]])
def test_what_a_passed_limit_does_is_one_of_two_words(value):
    """Whoever mistypes observe mode must not have healthy jobs ended, nor the other way round."""
    with pytest.raises(
        LimitError,
        match=r'^GuardLimits\.on_finding is not valid\.\n  got: .*\n  expected: "end" or "warn"\n',
    ) as e:
        GuardLimits(on_finding=value)
    assert e.value.got == repr(value)


def test_observe_is_the_name_of_limits_that_only_warn():
    assert checked_limits("observe") == GuardLimits(on_finding="warn")
    assert checked_limits("observe").observes
    assert not GuardLimits().observes
    assert not GuardLimits(on_finding="end").observes
    assert "on_finding warn" in str(checked_limits("observe"))


@pytest.mark.parametrize("value", ["Observe", "observ", "warn", "", "none", {"on_finding": "warn"}, 3600])
def test_a_name_of_limits_that_is_none_is_refused(value):
    """At parse time too; the message has the names."""
    for check in (checked_limits, check_literal_limits):
        with pytest.raises(LimitError, match=r"The operator's limits are not valid\.") as e:
            check(value)
        assert "'observe'" in e.value.expected


@pytest.mark.parametrize("value", [None, GuardLimits(), "observe", "{{ var.value.guard }}", Later("observe")])
def test_what_may_still_become_limits_passes_at_parse_time(value):
    check_literal_limits(value)


def test_observe_mode_may_be_a_template():
    """A variable turns a whole deployment round."""
    limits = GuardLimits(deadline="2h", on_finding="{{ mode }}")
    assert not limits.observes
    assert limits.resolve(context(mode="warn")).observes
    with pytest.raises(LimitError, match=r"^GuardLimits\.on_finding is not valid"):
        limits.resolve(context(mode="observe"))


def test_the_deployments_word_holds_where_a_task_has_none_of_its_own():
    """Also after rendering, and beside other limits."""
    assert GuardLimits(deadline="2h").unless_set("warn").observes
    assert GuardLimits(deadline="{{ hours }}h").resolve(context(hours=2)).unless_set("warn").observes
    assert not GuardLimits(on_finding="end").unless_set("warn").observes
    assert not GuardLimits().unless_set("").observes
    assert GuardLimits(on_finding="warn").unless_set("end").observes


def test_in_observe_mode_only_airflows_own_time_limit_ends_a_job():
    """The guard's deadline is said when it passes."""
    ending, observing = GuardLimits(deadline="2h"), GuardLimits(deadline="2h", on_finding="warn")
    assert (ending.budget(None), ending.backstop(None)) == (7200.0, 7200.0)
    assert (observing.budget(None), observing.backstop(None)) == (7200.0, math.inf)
    assert (observing.budget(600.0), observing.backstop(600.0)) == (600.0, 600.0)
    assert (observing.budget(9000.0), observing.backstop(9000.0)) == (7200.0, 9000.0)
    assert GuardLimits().budget(None) == 3600.0


@pytest.mark.parametrize("make", [GuardLimits, lambda **given: checked_limits(given)])
def test_a_misspelt_limit_is_named_with_the_one_that_was_meant(make):
    """Python's own TypeError says neither."""
    with pytest.raises(LimitError) as caught:
        make(dedline="2h")
    assert caught.value.what == "GuardLimits has no such limit."
    assert (caught.value.got, caught.value.advice) == ("'dedline'", "Did you mean 'deadline'?")


def test_a_mapping_is_answered_with_what_to_write():
    """Names alone: a value may be long."""
    with pytest.raises(LimitError, match="do: Write GuardLimits\\(deadline=..., kill_grace=...\\)."):
        checked_limits({"deadline": "2h", "kill_grace": 3})


def test_what_is_no_literal_is_left_to_the_task():
    """A template, or what another task will give."""
    check_literal_limits("{{ params.limits }}")
    check_literal_limits(Later(GuardLimits()))
    check_literal_limits(None)
    with pytest.raises(LimitError):
        check_literal_limits("1h")
