import pytest
from jinja2.nativetypes import NativeEnvironment
from jinja2.sandbox import SandboxedEnvironment

from airflow_spark_guard.core.template import is_template, none_again, render, with_none_marked
from tests.unit.core.templater import Later, context


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


@pytest.mark.parametrize("kind", [SandboxedEnvironment, NativeEnvironment])
def test_a_none_of_jinja_is_none_and_no_word(kind):
    """Whoever writes the word means the word; beside other text it stays, and its place is known."""
    environment = with_none_marked(kind())
    texts = {"a": "{{ x }}", "b": ["{{ x or 'None' }}", "None", "--day={{ x }}"], "c": ({"d": "{{ 1 }}"}, 2)}

    def rendered(value):
        if isinstance(value, str):
            return environment.from_string(value).render(x=None)
        if isinstance(value, dict):
            return {key: rendered(item) for key, item in value.items()}
        return type(value)(map(rendered, value)) if isinstance(value, (list, tuple)) else value

    found, places = none_again(rendered(texts), "conf")
    one = 1 if kind is NativeEnvironment else "1"
    # A native environment reads the text None as Python's None, as it always has.
    word = None if kind is NativeEnvironment else "None"
    assert found == {"a": None, "b": [word, word, "--day=None"], "c": [{"d": one}, 2]}
    assert places == ["conf['b'][2]"]


def test_what_the_user_makes_of_none_stays():
    """``finalize`` among the DAG's ``jinja_environment_kwargs``."""
    own = SandboxedEnvironment(finalize=lambda value: "" if value is None else value)
    assert with_none_marked(own) is own
