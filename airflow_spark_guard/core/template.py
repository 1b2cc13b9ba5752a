"""Templates inside frozen config objects.

Airflow renders a template field's own text, lists and mappings; an object is rendered only through its
method ``resolve(context)``. Everything else that has a ``resolve`` (an XComArg) is resolved in turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def is_template(value: object) -> bool:
    """Whether the value is text that Jinja would still change."""
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def render(values: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    """Render every value with the template engine of the task in ``context["task"]``."""
    task = context["task"]
    return {name: task.render_template(value, context) for name, value in values.items()}
