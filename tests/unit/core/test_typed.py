"""Types of what came from outside."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from airflow_spark_guard.core.typed import checked_types
from airflow_spark_guard.core.verdict import Verdict


@dataclass(frozen=True)
class Given:
    text: str = ""
    number: float = 0.0
    count: int = 0
    sure: bool = False
    code: int | None = None
    names: tuple[str, ...] = ()
    stages: tuple[int, ...] = ()
    verdict: Verdict = Verdict.UNKNOWN


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"text": "x", "number": 3, "count": -1, "sure": True, "code": 7, "names": ("a",), "stages": (1,)},
        {"verdict": "whatever: it has a type of its own"},
    ],
)
def test_what_is_declared_is_given_back(fields):
    """A whole number is a float as well."""
    given = Given(**fields)
    assert checked_types(given) is given


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("text", None), ("text", 1), ("text", Verdict.UNKNOWN), ("number", "1"), ("number", True), ("number", 10**400),
        ("number", float("nan")), ("number", float("inf")), ("count", 1.0), ("count", True), ("count", 10**400),
        ("sure", 1), ("code", "7"), ("names", ["a"]), ("names", (1,)), ("stages", (True,)), ("stages", (1.0,)),
    ],
)  # fmt: skip
def test_anything_else_is_a_type_error(name, value):
    """It names the field."""
    with pytest.raises(TypeError, match=f"^{name} is not of type "):
        checked_types(Given(**{name: value}))
