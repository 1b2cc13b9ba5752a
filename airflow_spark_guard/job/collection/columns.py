"""Which columns of a schema can become features, and as what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.kinds.array import NumberArray
from airflow_spark_guard.job.collection.kinds.number import NUMBER_LIKE, Number
from airflow_spark_guard.job.collection.kinds.text import Text
from airflow_spark_guard.job.collection.kinds.vector import Vector
from airflow_spark_guard.job.text import listed, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow_spark_guard.job.collection.kinds.base import SourceColumn

KINDS: tuple[type[SourceColumn], ...] = (Number, Text, NumberArray, Vector)
_ADVICE = {
    "struct": "Select its fields into columns of their own: df.select('{name}.*').",
    "map": "Select its values into columns of their own: df.select(col('{name}')['key']).",
    "binary": "Decode it into numbers or text first.",
    "array": "Make it an array of numbers first, for example with transform or flatten.",
}


@dataclass(frozen=True)
class Columns:
    """The columns of one collection, in the order asked for."""

    features: tuple[SourceColumn, ...]
    label: SourceColumn | None = None

    def all(self) -> tuple[SourceColumn, ...]:
        """Features first, then the label."""
        return self.features if self.label is None else (*self.features, self.label)

    def spans(self) -> Iterator[tuple[SourceColumn, slice]]:
        """Each column of the features with its columns of the matrix; their widths are known."""
        at = 0
        for column in self.features:
            yield column, slice(at, at := at + (column.width or 0))

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        *features, label = (
            column and {"kind": column.reads.kind, **asdict(column)}
            for column in (*self.features, self.label)
        )
        return {"features": features, "label": label}

    @classmethod
    def from_dict(cls, about: Mapping[str, Any]) -> Columns:
        """The columns of :meth:`as_dict`; of any other dictionary it is a KeyError or TypeError."""
        return cls(
            tuple(_from_dict(column) for column in about["features"]),
            None if about["label"] is None else _from_dict(about["label"]),
        )


def check_columns(
    schema: Any,
    features: Sequence[str] | str,
    label: str | None = None,
    categories: Mapping[str, Sequence[str]] | None = None,
) -> Columns:
    """Find and check the columns in a ``StructType``.

    Raises:
        SampleError: no features, an unknown, repeated or ambiguous name, a type that no model can take,
            categories of a column that is not text.
    """
    wanted = (features,) if isinstance(features, str) else _names(features)
    if not wanted:
        raise SampleError(
            "No features to collect.",
            got=repr(features),
            expected="names of columns of numbers, dates, text, arrays of numbers or vectors",
            advice=f"Choose among the columns: {listed(schema.names)}.",
        )
    if label is not None and label in wanted:
        raise SampleError(
            f"The label {label!r} is among the features.",
            got=listed(wanted),
            expected="features without the label",
            advice="Take it out of the features: the model would read the answer.",
        )
    for name in wanted if label is None else (*wanted, label):
        check_name(schema.names, name)
        if wanted.count(name) > 1:
            raise SampleError(
                f"Column {name!r} is asked for twice.",
                got=listed(wanted),
                expected="features without repetition",
                advice="Name it once.",
            )
    known = dict(categories or {})
    columns = Columns(
        tuple(_column(schema[name], known.pop(name, None)) for name in wanted),
        None if label is None else _label(schema[label], known.pop(label, None)),
    )
    for name in known:
        raise _no_text(name, "no feature and not the label")
    return columns


def check_name(existing: Sequence[str], name: object) -> None:
    """Raise unless there is exactly one column of this name."""
    if name not in existing:
        raise SampleError(
            f"The DataFrame has no column {name!r}.",
            got=repr(name),
            expected=f"one of: {listed(existing)}",
            advice=nearest(name, existing, "Correct the name, or add the column first."),
        )
    if list(existing).count(str(name)) > 1:
        raise SampleError(
            f"The DataFrame has several columns named {name!r}.",
            got=listed(existing),
            expected="one column of that name",
            advice="Drop or rename one of them; after a join, join on the name instead of an expression.",
        )


def check_apart(df: Any, names: Iterable[str]) -> None:
    """Raise where Spark cannot distinguish a column from one that differs in upper and lower case alone."""
    if str(df.sparkSession.conf.get("spark.sql.caseSensitive", "false")).lower() == "true":
        return
    for name in names:
        alike = [other for other in df.columns if other.lower() == name.lower()]
        if len(alike) > 1:
            raise SampleError(
                f"Spark cannot distinguish column {name!r} from one whose name differs in case alone.",
                got=listed(alike),
                expected="names that differ in more than upper and lower case",
                advice="Rename one by position, with df.toDF(*names) and a new name in its place; or set "
                "spark.sql.caseSensitive=true in the session.",
            )


def check_uncollated(schema: Any, name: str, what: str) -> None:
    """Raise for a text column whose collation makes different texts equal: hashes would not follow it."""
    simple = schema[name].dataType.simpleString()
    if "collate" in simple:
        raise SampleError(
            f"Column {name!r} has a collation, which {what}= cannot follow.",
            got=simple,
            expected="text that is compared letter by letter (UTF8_BINARY)",
            advice=f"Pass a column of its own, such as df.withColumn('plain', expr('CAST(lower(`{name}`) AS "
            f"STRING)')), as {what}='plain'; leave lower() out where case matters.",
        )


def plain(value: Any) -> Any:
    """A number of numpy as Python's own; anything else as it is."""
    is_scalar = type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0
    return value.item() if is_scalar else value


def _names(features: object) -> tuple[Any, ...]:
    return tuple(features) if isinstance(features, Iterable) else ()


def _column(of_schema: Any, categories: Sequence[str] | None) -> SourceColumn:
    name, data_type = of_schema.name, of_schema.dataType
    kind = next((kind for kind in KINDS if kind.takes(data_type)), None)
    if categories is not None and not (kind and kind.reads.categorical):
        raise _no_text(name, data_type.simpleString())
    if kind is None:
        raise _unsupported(name, data_type)
    return kind.of(of_schema, _distinct(name, categories))


def _label(of_schema: Any, categories: Sequence[str] | None) -> SourceColumn:
    column = _column(of_schema, categories)
    if column.several:
        raise SampleError(
            f"Column {column.name!r} cannot be the label.",
            got=column.type,
            expected="one number, date, boolean or text per row",
            advice="Select the element to learn into a column of its own.",
        )
    return column


def _from_dict(about: Mapping[str, Any]) -> SourceColumn:
    kind = {kind.reads.kind: kind for kind in KINDS}[about["kind"]]
    texts = None if about["categories"] is None else tuple(about["categories"])
    names = {int(i): name for i, name in about["names"].items()}
    return kind(about["name"], about["type"], texts, about["width"], names)


def _distinct(name: str, categories: Sequence[str] | None) -> tuple[str, ...] | None:
    if categories is None:
        return None
    texts = tuple(categories)
    wrong = isinstance(categories, str) or not all(isinstance(text, str) for text in texts)
    if wrong or not texts or len(set(texts)) < len(texts):
        raise SampleError(
            f"The categories of {name!r} cannot be used.",
            got=repr(categories)[:200],
            expected="different texts, in the order of their codes",
            advice="Pass those of an earlier sample: categorical=sample.report.categories.",
        )
    return texts


def _no_text(name: str, got: str) -> SampleError:
    return SampleError(
        f"categorical names {name!r}, which is not a text column of this collection.",
        got=got,
        expected="names of text columns among the features, or of a text label",
        advice="Take it out of categorical; numbers are taken as they are.",
    )


def _unsupported(name: str, data_type: Any) -> SampleError:
    path, offending = _offending(name, data_type)
    outer = type(data_type).__name__.removesuffix("Type").lower()
    return SampleError(
        f"Column {name!r} has a type that cannot become features.",
        got=f"{path}: {offending.simpleString()}",
        expected="a number, boolean, decimal, date, timestamp, text, array of numbers or ML vector",
        advice=_ADVICE.get(outer, "Turn it into a number or a text first.").format(name=name),
    )


def _offending(path: str, data_type: Any) -> tuple[str, Any]:
    """The innermost type that is in the way, with the path to it."""
    type_name = type(data_type).__name__
    if type_name == "ArrayType" and type(data_type.elementType).__name__ not in NUMBER_LIKE:
        return _offending(f"{path}.element", data_type.elementType)
    if type_name == "StructType":
        for inner in data_type.fields:
            if type(inner.dataType).__name__ not in NUMBER_LIKE:
                return _offending(f"{path}.{inner.name}", inner.dataType)
    return path, data_type
