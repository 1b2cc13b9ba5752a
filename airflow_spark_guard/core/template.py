"""Templates inside frozen config objects.

Airflow renders a template field's own text, lists and mappings; an object is rendered only through its
method ``resolve(context)``. Everything else that has a ``resolve`` (an XComArg) is resolved in turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

# What Jinja writes for None while a container is rendered; in the private use area, to occur in no text.
_NONE = "\ue000None\ue000"


class Resolvable(Protocol):
    """A value that is known when the task runs, such as an XComArg."""

    def resolve(self, context: Mapping[str, Any]) -> Any:
        """The value; Airflow's templater calls this."""


def is_template(value: object) -> bool:
    """Whether the value is text that Jinja would still change."""
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def render(values: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    """Render every value with the template engine of the task in ``context["task"]``."""
    task = context["task"]
    return {name: task.render_template(value, context) for name, value in values.items()}


def with_none_marked(environment: Any) -> Any:
    """A Jinja environment that marks None so that :func:`none_again` finds it.

    An environment with the user's own ``finalize`` is left as it is: that decides what None becomes.
    """
    if environment.finalize is not None:
        return environment
    return environment.overlay(finalize=lambda value: _NONE if value is None else value)


def none_again(rendered: Any, place: str) -> tuple[Any, list[str]]:
    """The rendered value, and the positions of texts that contain the word None beside other text.

    A text that consists only of Jinja's None becomes None; in other texts it stays the word, as in Jinja.
    """
    if isinstance(rendered, str):
        if rendered == _NONE:
            return None, []
        return rendered.replace(_NONE, "None"), [place] if _NONE in rendered else []
    if isinstance(rendered, dict):
        pairs = [(key, none_again(item, f"{place}[{key!r}]")) for key, item in rendered.items()]
        return {key: item for key, (item, _) in pairs}, [where for _, (_, more) in pairs for where in more]
    if isinstance(rendered, list | tuple):
        items = [none_again(item, f"{place}[{number}]") for number, item in enumerate(rendered)]
        return [item for item, _ in items], [where for _, more in items for where in more]
    return rendered, []
