"""What an attempt has wasted, and the field of its summary."""

import json
import math

import pytest

from airflow_spark_guard.core.history.cost import Receipt
from airflow_spark_guard.core.history.waste import Waste, cost_fields, losses_in, waste_in, waste_of

KNOWN = Receipt(held=100.0, used=70.0, idle=30.0, useful=50.0, repeated=5.0, lost=15.0)
RECORD = Receipt(held=100.0, used=70.0, idle=30.0)


def test_a_success_wastes_idle_time_and_tasks_in_vain():
    assert waste_of(KNOWN, succeeded=True) == Waste(100.0, 30.0, 20.0, 0.0)
    assert waste_of(KNOWN, succeeded=True).wasted == KNOWN.wasted


def test_a_failure_wastes_all_that_it_held():
    """Whether or not single tasks are known."""
    assert waste_of(KNOWN, succeeded=False) == Waste(100.0, 30.0, 20.0, 50.0)
    assert waste_of(RECORD, succeeded=False) == Waste(100.0, 30.0, None, 70.0)
    assert waste_of(RECORD, succeeded=False).wasted == 100.0


@pytest.mark.parametrize("receipt", [Receipt(), Receipt(held=1.0), Receipt(idle=1.0)])
def test_what_is_not_known_is_not_zero(receipt):
    assert waste_of(receipt, succeeded=True) is None
    assert cost_fields(receipt, None, succeeded=True)["wasted_core_s"] is None


@pytest.mark.parametrize("receipt", [KNOWN, RECORD])
@pytest.mark.parametrize("succeeded", [True, False])
def test_what_is_written_is_read_again(receipt, succeeded):
    fields = cost_fields(receipt, 3, succeeded=succeeded)
    stored = json.loads(json.dumps(fields))
    assert waste_in(stored) == waste_of(receipt, succeeded=succeeded)
    assert waste_in(stored).wasted == fields["wasted_core_s"]
    assert losses_in(stored) == 3


GOOD = cost_fields(RECORD, 2, succeeded=False)


@pytest.mark.parametrize("cost", [None, "x", 7, [], {}, {"wasted_core_s": 5.0}])
def test_a_summary_of_another_form_has_no_figure(cost):
    """One of 0.8 has no cost at all."""
    assert waste_in(cost) is None
    assert losses_in(cost) is None


@pytest.mark.parametrize("value", ["5", None, True, -1.0, math.nan, math.inf, 1e300, 10**400, [], {}])
@pytest.mark.parametrize("name", ["held_core_s", "idle_core_s", "thrown_away_core_s"])
def test_a_value_that_is_not_a_figure_is_none(name, value):
    assert waste_in({**GOOD, name: value}) is None


@pytest.mark.parametrize("value", ["5", None, True, -1, 2.5, math.nan, 10**400])
def test_a_number_of_losses_is_a_whole_number(value):
    assert losses_in({**GOOD, "executor_losses": value}) is None
    assert waste_in({**GOOD, "executor_losses": value}) is not None


def test_more_waste_than_was_held_is_not_believed():
    """Rounding aside."""
    assert waste_in({**GOOD, "thrown_away_core_s": 70.2}) is not None
    assert waste_in({**GOOD, "thrown_away_core_s": 90.0}) is None
