"""A sample as a table: pandas or Arrow. A column is known by its place, since names may repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np
import pyarrow as pa

from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.notes import digits_lost

if TYPE_CHECKING:
    from airflow_spark_guard.job.collection.kinds.base import Array
    from airflow_spark_guard.job.collection.sample import Sample

FrameTypes: TypeAlias = Literal["floats", "source"]
DTYPES: tuple[FrameTypes, ...] = get_args(FrameTypes)
_WIDTHS = {"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}


def to_pandas(sample: Sample, dtypes: FrameTypes) -> Any:
    """See :meth:`~airflow_spark_guard.job.collection.sample.Sample.to_pandas`."""
    pd = _pandas()
    if dtypes not in DTYPES:
        raise SampleError(
            "These dtypes are not known.",
            got=repr(dtypes),
            expected=" or ".join(map(repr, DTYPES)),
            advice="Pass dtypes='source' for the types of the source, or leave it out.",
        )
    names = list(sample.feature_names)
    if hasattr(sample.X, "indptr"):
        frame = pd.DataFrame.sparse.from_spmatrix(sample.X, columns=names)
    else:
        frame = pd.DataFrame(sample.X, columns=names, copy=False)
    if sample.y is not None:
        # The name of a vector's element may be that of another column.
        frame.insert(frame.shape[1], str(sample.report.label), sample.y, allow_duplicates=True)
    for at, texts in text_places(sample).items():
        codes = codes_of(frame.iloc[:, at].to_numpy())
        frame.isetitem(at, pd.Categorical.from_codes(codes, pd.Index(list(texts), dtype=object)))
    if dtypes == "source":
        for at, type_name in _source_types(sample):
            frame.isetitem(at, _as_source(pd, frame.iloc[:, at].to_numpy(), type_name))
    return frame


def to_arrow(sample: Sample) -> Any:
    """See :meth:`~airflow_spark_guard.job.collection.sample.Sample.to_arrow`."""
    if hasattr(sample.X, "indptr"):
        raise SampleError(
            "A sparse sample has no Arrow table.",
            got=f"{type(sample.X).__name__} of shape {sample.X.shape}",
            expected="a dense sample",
            advice="Use sample.X (scipy.sparse), sample.to_pandas(), or collect without sparse=True.",
        )
    columns = [(name, sample.X[:, i]) for i, name in enumerate(sample.feature_names)]
    if sample.y is not None:
        columns.append((str(sample.report.label), sample.y))
    texts = text_places(sample)
    arrays = [
        encoded(values, texts[at]) if at in texts else pa.array(values)
        for at, (_, values) in enumerate(columns)
    ]
    return pa.Table.from_arrays(arrays, names=[name for name, _ in columns])


def text_places(sample: Sample) -> dict[int, tuple[str, ...]]:
    """The texts of each column that holds codes, by its place; the label's is behind the last feature."""
    categories, names = sample.report.categories, sample.feature_names
    if sample.columns is None:
        # Made by hand: names are all there is.
        found = {names.index(name): texts for name, texts in categories.items() if name in names}
    else:
        spans = sample.columns.spans()
        found = {span.start: categories[column.name] for column, span in spans if column.categorical}
    label = sample.report.label
    if sample.y is not None and label is not None and label in categories:
        found[len(names)] = categories[label]
    return found


def codes_of(values: Array) -> Array:
    """Codes as whole numbers; -1 for a missing one."""
    return np.nan_to_num(values, nan=-1).astype(np.int64)


def _source_types(sample: Sample) -> list[tuple[int, str]]:
    """Types of the source's numbers, by place.

    Raises:
        SampleError: they are not known; or digits were lost on the way, which no type brings back.
    """
    if sample.columns is None:
        raise SampleError(
            "This sample does not know the types of its source.",
            got="a sample that was made by hand",
            expected="one that collect_sample made, or Sample.load",
            advice="Use to_pandas() and astype().",
        )
    lost = digits_lost(sample.X, sample.y, sample.columns)
    if lost:
        raise SampleError(
            "Digits were lost on the way, so the values of the source cannot be given back.",
            got=f"{', '.join(lost)} in {sample.X.dtype}",
            expected="floats that hold every whole number of these columns",
            advice="Collect with dtype='float64' or dtype='auto', or leave these columns out.",
        )
    label, width = sample.columns.label, len(sample.feature_names)
    columns = [*sample.columns.spans(), *([] if label is None else [(label, slice(width, width + 1))])]
    numbers = [(column, span) for column, span in columns if not column.categorical]
    return [(at, column.element_type) for column, span in numbers for at in range(span.start, span.stop)]


def _as_source(pd: Any, values: Any, type_name: str) -> Any:
    """Floats in the type of the source; what pandas has no type for stays as it is."""
    if type_name in _WIDTHS:
        whole = pd.array(values, dtype="Float64").astype(f"Int{_WIDTHS[type_name]}")
        return whole if np.isnan(values).any() else whole.to_numpy(f"int{_WIDTHS[type_name]}")
    if type_name == "boolean":
        missing = np.isnan(values)
        truths = np.nan_to_num(values).astype(bool)
        return pd.arrays.BooleanArray(truths, missing) if missing.any() else truths
    if type_name == "date":
        return _times(values, 86_400, "s")
    if type_name.startswith("timestamp"):
        times = pd.DatetimeIndex(_times(values, 1_000_000, "us"))
        return times if type_name == "timestamp_ntz" else times.tz_localize("UTC")
    if type_name.startswith("decimal"):
        scale = int(type_name.rstrip(")").partition(",")[2])
        return np.round(values.astype("float64"), scale)
    return values.astype({"float": "float32", "double": "float64"}.get(type_name, values.dtype))


def _times(values: Array, factor: int, unit: str) -> Any:
    """Floats as numpy's times, NaN as a missing one."""
    missing = np.isnan(values)
    whole = np.round(np.nan_to_num(values).astype("float64") * factor).astype("int64")
    times: Any = whole.view(f"datetime64[{unit}]")
    times[missing] = np.datetime64("NaT")
    return times


def encoded(values: Array, texts: tuple[str, ...]) -> Any:
    """Codes as a dictionary array of Arrow."""
    codes = codes_of(values)
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), pa.array(texts, pa.string()))


def _pandas() -> Any:
    try:
        import pandas as pd
    except ImportError as error:
        raise SampleError(
            "to_pandas needs pandas.",
            got="no package pandas on the driver",
            expected="pandas",
            advice="pip install 'pandas<3', or take sample.X, or sample.to_arrow().",
        ) from error
    return pd
