"""A sample in one Parquet file: what a table holds as columns, the report and the rest in the metadata."""

from __future__ import annotations

import datetime as dt
import json
import os
import uuid
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from airflow_spark_guard.job.collection.columns import Columns
from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.collection.frames import encoded, text_places, to_arrow
from airflow_spark_guard.job.collection.report import SampleReport
from airflow_spark_guard.job.collection.strata import labelled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spark_guard.job.collection.kinds.base import Array
    from airflow_spark_guard.job.collection.sample import Sample

_KEY, _VERSION = b"airflow_spark_guard.sample", 1
_BESIDE = ("strata", "sample_weight", "parts")
_INDICES, _VALUES = "indices", "values"


def save(sample: Sample, path: str | os.PathLike[str]) -> None:
    """See :meth:`~airflow_spark_guard.job.collection.sample.Sample.save`."""
    table = _table(sample)
    target = Path(_of_this_machine(path))
    beside = target.parent / f".{target.name}-{uuid.uuid4().hex}"
    try:
        try:
            pq.write_table(table, beside)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise SampleError(
            "The sample cannot be saved there.",
            got=f"{target}: {error.strerror or error}",
            expected="a file in a folder that exists and can be written",
            advice="Make the folder first, or pass another path.",
        ) from error


def load(path: str | os.PathLike[str], made: type[Sample]) -> Sample:
    """See :meth:`~airflow_spark_guard.job.collection.sample.Sample.load`."""
    target = _of_this_machine(path)
    try:
        # By place: names may repeat in no table, but those of older files may.
        table = pq.ParquetFile(target).read()
    except (OSError, pa.ArrowException) as error:
        raise _no_sample(target, str(error)[:200]) from error
    text = (table.schema.metadata or {}).get(_KEY)
    if text is None:
        raise _no_sample(target, "a Parquet file without a sample's report")
    try:
        return _sample(table, json.loads(text), made)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise _no_sample(target, f"a report that cannot be read: {error!r}"[:200]) from error


def _table(sample: Sample) -> Any:
    label = None if sample.y is None else str(sample.report.label)
    if hasattr(sample.X, "indptr"):
        offsets = pa.array(sample.X.indptr)
        large = pa.LargeListArray if sample.X.indptr.dtype.itemsize > 4 else pa.ListArray  # noqa: PLR2004 - bytes
        arrays = [large.from_arrays(offsets, pa.array(part)) for part in (sample.X.indices, sample.X.data)]
        names = [_INDICES, _VALUES]
        if sample.y is not None:
            texts = text_places(sample).get(len(sample.feature_names))
            arrays.append(pa.array(sample.y) if texts is None else encoded(sample.y, texts))
            names.append(str(label))
    else:
        made = to_arrow(sample)
        arrays, names = made.columns, made.schema.names
    beside = [name for name in _BESIDE if getattr(sample, name) is not None]
    arrays = [*arrays, *(_array(getattr(sample, name)) for name in beside)]
    about = {
        "version": _VERSION,
        "sparse": hasattr(sample.X, "indptr"),
        "dtype": str(sample.X.dtype),
        "y_dtype": None if sample.y is None else str(sample.y.dtype),
        "feature_names": list(sample.feature_names),
        "beside": beside,
        "report": _report_fields(sample.report),
        "columns": None if sample.columns is None else sample.columns.as_dict(),
    }
    text = json.dumps(about, default=_as_json)
    return pa.Table.from_arrays(arrays, names=_unique([*names, *beside])).replace_schema_metadata(
        {_KEY: text}
    )


def _sample(table: Any, about: dict[str, Any], made: type[Sample]) -> Sample:
    if about["version"] != _VERSION:
        msg = f"version {about['version']}, where {_VERSION} is known"
        raise ValueError(msg)
    names = tuple(about["feature_names"])
    columns = None if about["columns"] is None else Columns.from_dict(about["columns"])
    report = _report(about["report"])
    width = 2 if about["sparse"] else len(names)
    labelled_too = about["y_dtype"] is not None
    shell = made(None, () if labelled_too else None, names, report, columns=columns)  # type: ignore[arg-type]
    texts = text_places(shell)
    if about["sparse"]:
        x = _sparse(table, len(names), about["dtype"])
    else:
        x = _dense(table, width, texts, about["dtype"])
    y = _floats(table.column(width), texts.get(len(names)), about["y_dtype"]) if labelled_too else None
    first = width + labelled_too
    beside = {name: _values(table.column(first + i)) for i, name in enumerate(about["beside"])}
    return made(x, y, names, report, **beside, columns=columns)


def _dense(table: Any, width: int, texts: dict[int, tuple[str, ...]], dtype: str) -> Array:
    x = np.empty((table.num_rows, width), dtype)
    for at in range(width):
        x[:, at] = _floats(table.column(at), texts.get(at), dtype)
    return x


def _floats(column: Any, texts: tuple[str, ...] | None, dtype: str) -> Array:
    if texts is not None:
        column = pc.index_in(column.cast(pa.string()), value_set=pa.array(texts, pa.string()))
    values: Array = column.to_numpy().astype(dtype)
    return values


def _sparse(table: Any, width: int, dtype: str) -> Any:
    from scipy.sparse import csr_array

    indices, values = (table.column(i).combine_chunks() for i in (0, 1))
    ends = np.cumsum(indices.value_lengths().to_numpy())
    offsets = np.concatenate([[0], ends]).astype("int32" if not len(ends) or ends[-1] < 1 << 31 else "int64")
    parts = (values.flatten().to_numpy().astype(dtype), indices.flatten().to_numpy(), offsets)
    return csr_array(parts, shape=(table.num_rows, width))


def _array(values: Array) -> Any:
    made = pa.array(values.tolist() if values.dtype.kind == "O" else values)
    return made.dictionary_encode() if values.dtype.kind == "O" and pa.types.is_string(made.type) else made


def _values(column: Any) -> Array:
    """Strata, parts or weights as they were."""
    if pa.types.is_floating(column.type):
        weights: Array = column.to_numpy()
        return weights
    coded = column.combine_chunks()
    if not pa.types.is_dictionary(coded.type):
        coded = coded.dictionary_encode()
    known = coded.dictionary.to_pylist()
    codes = coded.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)
    return labelled([*known, None] if coded.null_count else known, codes)


def _report_fields(report: SampleReport) -> dict[str, Any]:
    return {f.name: getattr(report, f.name) for f in fields(report) if not f.name.startswith("_")}


def _report(about: dict[str, Any]) -> SampleReport:
    texts = {name: tuple(known) for name, known in about["categories"].items()}
    lists = {name: tuple(about[name]) for name in ("passes", "warnings")}
    left_out = tuple(_from_json(value) for value in about["strata_left_out"])
    return SampleReport(**{**about, **lists, "categories": texts, "strata_left_out": left_out})


def _as_json(value: Any) -> Any:
    if isinstance(value, dt.date):
        return {"date": value.isoformat()}
    return value.item()  # of numpy


def _from_json(value: Any) -> Any:
    return dt.date.fromisoformat(value["date"]) if isinstance(value, dict) else value


def _unique(names: Iterable[str]) -> list[str]:
    """Names of a table, whose readers look columns up by them."""
    found: dict[str, None] = {}
    for name in names:
        one, number = name, 2
        while one in found:
            one, number = f"{name}#{number}", number + 1
        found[one] = None
    return list(found)


def _of_this_machine(path: str | os.PathLike[str]) -> str:
    text = os.fspath(path)
    if "://" in text:
        raise SampleError(
            "A sample is saved on this machine.",
            got=text,
            expected="a path without a scheme",
            advice="Save it into a temporary folder, and copy it with fsspec or pyarrow.fs.",
        )
    return text


def _no_sample(path: str, got: str) -> SampleError:
    return SampleError(
        "This file is not a sample.",
        got=f"{path}: {got}",
        expected="a file that Sample.save wrote",
        advice="Correct the path; for other Parquet files there is pyarrow.parquet.read_table.",
    )
