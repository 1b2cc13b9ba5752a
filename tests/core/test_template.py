import pytest

from airflow_spark_guard.core.template import is_template, render
from tests.core.templater import Later, context


@pytest.mark.parametrize("value", ["{{ ds }}", "a{{b", "{% if x %}1{% endif %}"])
def test_text_that_jinja_would_change_is_a_template(value):
    """Such a value cannot be checked yet."""
    assert is_template(value)


@pytest.mark.parametrize("value", ["", "2h", "{x}", 5, None, {"a": "{{ b }}"}, ["{{ b }}"]])
def test_anything_else_is_none(value):
    """Containers are not looked into."""
    assert not is_template(value)


def test_every_value_is_rendered_by_the_task_of_the_context():
    """Text, mappings and what another task will give."""
    values = {"a": "{{ x }}h", "b": {"c": "{{ x }}"}, "d": Later(7), "e": None}
    assert render(values, context(x=2)) == {"a": "2h", "b": {"c": "2"}, "d": 7, "e": None}
