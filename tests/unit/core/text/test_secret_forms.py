"""The texts that a secret value may turn up as; ``test_known_secrets.py`` masks each of them."""

from __future__ import annotations

import json

import pytest

from airflow_spark_guard.core.text.secret_forms import forms_of, is_worth_masking, plain_forms_of


def test_airflow_gets_few_forms():
    """Its masker looks for each of them in every line of every log."""
    assert plain_forms_of(" hunter2 ") == {"hunter2"}
    assert plain_forms_of("a'b\"c\nd") == {
        "a'b\"c\nd",
        repr("a'b\"c\nd")[1:-1],
        json.dumps("a'b\"c\nd")[1:-1],
    }
    assert plain_forms_of("true") == set()


def test_a_plain_value_has_few_forms_and_a_long_one_has_pieces():
    """Each look at the output costs as much as there are forms."""
    assert forms_of("hunter2") == {"hunter2", "aHVudGVyMg"}
    long = "0123456789abcdef" * 100
    assert all(512 <= len(form) < 1024 for form in forms_of(long))


@pytest.mark.parametrize("value", ["hunter2", "geheim", "123456", "a b c d", "p@ss:", "0123456789"])
def test_whatever_is_no_figure_and_no_word_of_every_log_is_worth_it(value):
    """Five characters are enough."""
    assert is_worth_masking(value)
