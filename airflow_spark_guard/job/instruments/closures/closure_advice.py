"""The sentence that makes a function smaller, chosen by what makes it large."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.job.text import shown_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spark_guard.job.instruments.closures.captures import Captured, How

# Two or three objects are named if the first alone is not most of it.
_MOST_OF_IT, _NAMED = 0.5, 3
_TABLES = ("pandas.", "pyarrow.", "polars.")


def advice_of(
    name: str, size: int, limit: int, captured: Sequence[Captured], needed: Sequence[str] = ()
) -> str:
    """What to change in the script.

    Args:
        name: of the function.
        size: bytes.
        limit: bytes; up to it there is nothing to change.
        captured: what it is made of, the largest first.
        needed: the attributes of ``self`` that the function uses, if it captures ``self``.

    Returns:
        Two sentences, or an empty text.
    """
    if size <= limit:
        return ""
    begin = f"`{name}` takes {shown_bytes(size)} (limit: {shown_bytes(limit)})"
    if not captured or captured[0].size_bytes * len(captured) < size * _MOST_OF_IT / _NAMED:
        return f"{begin}, most of it in its own code: load large constants from a file inside the function."
    if captured[0].share >= _MOST_OF_IT:
        return f"{begin} and captures {_named(captured[0])}: {_cure(captured[0], needed)}."
    several = ", ".join(_named(one) for one in captured[:_NAMED])
    cure = "pass the large ones as broadcasts, or bind what you need to local names"
    return f"{begin} and captures {several}: {cure}."


def _named(one: Captured) -> str:
    through = f", through `{one.through}`" if one.through else ""
    return f"`{one.path}` ({shown_bytes(one.size_bytes)}{through})"


_CURES: dict[How, str] = {
    "class attribute": (
        "the class is sent whole because executors cannot import it; pass the attribute as a broadcast, or "
        "move the class to a module that is shipped with the job"
    ),
    "member of a module": (
        "the module is registered to be sent by value; ship it with the job, or pass the object as a "
        "broadcast"
    ),
    "default argument": "pass a broadcast in its place, and use `.value` of it in the function",
    "partial argument": "pass a broadcast in its place, and use `.value` of it in the function",
    "function": "load large constants of its code from a file inside the function",
}


def _cure(one: Captured, needed: Sequence[str]) -> str:
    if one.used is False:
        return _without_self(needed)
    if one.type_name.startswith(_TABLES):
        return "pass it as a broadcast, or make it a Spark DataFrame and join it"
    return _CURES.get(one.how, "pass it as a broadcast, or bind what you need to a local name")


def _without_self(needed: Sequence[str]) -> str:
    """The function uses other attributes of ``self``, or none; a local name for each sends only those."""
    if not needed:
        return (
            "it only comes along with `self`; bind what the function needs to local names before the function"
        )
    used = ", ".join(f"`self.{name}`" for name in needed[:_NAMED])
    bound = ", ".join(f"`{name} = self.{name}`" for name in needed[:_NAMED])
    return (
        f"it only comes along with `self`, of which the function uses {used}; bind that to a local name "
        f"({bound}) before the function, and use the name in it"
    )
