"""A task that renders as Airflow's does: text by Jinja, mappings by value, the rest by its ``resolve``."""

from jinja2 import Template


class Task:
    def render_template(self, value, context):
        if isinstance(value, dict):
            return {key: self.render_template(item, context) for key, item in value.items()}
        if hasattr(value, "resolve"):
            return value.resolve(context)
        return Template(value).render(context) if isinstance(value, str) else value


class Later:
    """A value that another task will give, as an XComArg."""

    def __init__(self, value):
        self.value = value

    def resolve(self, _context):
        return self.value

    def __deepcopy__(self, _memo):
        raise AssertionError("showing a field must not copy what another task will give")

    def __str__(self):
        return "later"


def context(**values):
    return {"task": Task(), **values}
