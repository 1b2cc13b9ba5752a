"""What a limit may be; ``test_limits.py`` has each of them through ``GuardLimits``."""

import pytest

from airflow_spark_guard.core.errors import LimitError
from airflow_spark_guard.core.limit_checks import check_limit, check_names, check_on_finding, check_order


def test_a_misspelt_name_is_answered_with_the_nearest():
    """And with all, where none is near."""
    check_names(["deadline"], ["deadline", "kill_grace"])
    with pytest.raises(LimitError, match="Did you mean 'deadline'"):
        check_names(["dedline"], ["deadline", "kill_grace"])
    with pytest.raises(LimitError, match="one of deadline, kill_grace\n  do: Use one of them"):
        check_names([5], ["deadline", "kill_grace"])


def test_of_two_limits_the_inner_one_is_smaller_templates_apart():
    """A template is compared once it is rendered."""
    check_order({"stall_timeout": "5m", "deadline": "1h"})
    check_order({"stall_timeout": "{{ x }}", "deadline": "1s"})
    with pytest.raises(LimitError, match=r"^GuardLimits.stall_timeout and GuardLimits.deadline contradict"):
        check_order({"stall_timeout": "1h", "deadline": "1h"})


@pytest.mark.parametrize(
    ("name", "value"), [("executor_losses", 0), ("executor_losses", None), ("record_size", "1m")]
)
def test_the_smallest_value_of_a_limit_may_be_none(name, value):
    """Some limits may be off."""
    check_limit(name, value)


@pytest.mark.parametrize(
    ("name", "value"), [("executor_losses", -1), ("record_size", "1023k"), ("log_lines", None)]
)
def test_less_is_refused(name, value):
    with pytest.raises(LimitError, match=rf"^GuardLimits\.{name} is not valid"):
        check_limit(name, value)


def test_a_word_that_is_none_is_named_with_its_place():
    check_on_finding("the option", "warn")
    with pytest.raises(LimitError, match="^the option is not valid"):
        check_on_finding("the option", "Warn")
