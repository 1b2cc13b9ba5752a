"""What is collected: parquet files below ``build/bench-data/``, made once and then used again.

The doubles are rounded to three digits: parquet then keeps each as a number of its dictionary, in some two
bytes. The values are the same on every machine, and so is their place in the ten files of each table.
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

from pyspark.ml.feature import VectorAssembler
from pyspark.ml.linalg import Vectors, VectorUDT
from pyspark.sql import SparkSession
from pyspark.sql import functions as sf

from tools import BUILD

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import Column, DataFrame

FOLDER = BUILD / "bench-data"
NOTE = "doubles rounded to three digits, so that the files stay small"
COLUMNS = [f"c{i}" for i in range(20)]
WIDE_COLUMNS = [f"c{i}" for i in range(200)]
SPARSE_SIZE, NON_ZEROS = 10_000, 20
SHARES = (50, 25, 12, 6, 4, 2, 1)
_FILES = 10
_LIMIT = 2_500_000_000
# Generous; only to be asked of the disk before anything is written.
_ROW_BYTES = {"plain": 90, "vector": 90, "wide": 500, "sparse": 300}


def start_session() -> SparkSession:
    """Two cores on the loopback without a UI; Python workers are this interpreter."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = SparkSession.builder.master("local[2]").appName("bench_collect")
    settings = {
        "spark.driver.memory": "3g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        # The fastest that Spark offers for toPandas.
        "spark.sql.execution.arrow.pyspark.enabled": "true",
    }
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


class Data:
    """Tables of any number of rows; the first call for one makes its files."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark

    def plain(self, rows: int) -> DataFrame:
        """``c0`` to ``c19``, ``label``, ``id``, its text ``name``, and ``k`` of seven skewed strata."""
        return self._table("plain", rows, lambda: _labelled(self._doubles(rows, len(COLUMNS))))

    def vector(self, rows: int) -> DataFrame:
        """The same twenty doubles as one dense vector ``features``, and ``label``."""

        def make() -> DataFrame:
            assembler = VectorAssembler(inputCols=COLUMNS, outputCol="features")
            frame = _labelled(self._doubles(rows, len(COLUMNS)))
            return assembler.transform(frame).select("features", "label")

        return self._table("vector", rows, make)

    def wide(self, rows: int) -> DataFrame:
        """Two hundred doubles and ``label``."""
        return self._table("wide", rows, lambda: _labelled(self._doubles(rows, len(WIDE_COLUMNS))))

    def sparse(self, rows: int) -> DataFrame:
        """Sparse vectors ``features``, and ``label``."""

        def vector(row: int) -> object:
            import numpy as np  # noqa: PLC0415 - runs in a worker

            numbers = np.random.default_rng(row)
            indices = np.sort(numbers.choice(SPARSE_SIZE, NON_ZEROS, replace=False))
            return Vectors.sparse(SPARSE_SIZE, indices, numbers.standard_normal(NON_ZEROS).round(3))

        make_vector = sf.udf(vector, VectorUDT())
        label = sf.round(sf.randn(1), 3).alias("label")
        return self._table(
            "sparse", rows, lambda: self._ids(rows).select(make_vector("id").alias("features"), label)
        )

    def _ids(self, rows: int) -> DataFrame:
        return self._spark.range(0, rows, 1, _FILES)

    def _doubles(self, rows: int, width: int) -> DataFrame:
        # The numbers follow from the seed and the partition, and so are always the same.
        values = [sf.round(sf.randn(i + 1), 3).alias(f"c{i}") for i in range(width)]
        return self._ids(rows).select("id", *values)

    def _table(self, kind: str, rows: int, make: Callable[[], DataFrame]) -> DataFrame:
        folder = FOLDER / f"{kind}-{rows}"
        if not folder.exists():
            _check_room(rows * _ROW_BYTES[kind])
            print(f"making {rows} rows: {folder.name}", flush=True)
            unfinished = folder.with_suffix(".unfinished")
            make().write.mode("overwrite").parquet(str(unfinished))
            unfinished.rename(folder)
        return self._spark.read.parquet(str(folder))


def _labelled(frame: DataFrame) -> DataFrame:
    label = sf.round(2 * sf.col("c0") - sf.col("c1") + 0.5 * sf.col("c2"), 3).alias("label")
    name = sf.concat(sf.lit("row-"), sf.lpad(sf.col("id").cast("string"), 9, "0")).alias("name")
    return frame.select("*", label, name, _stratum().alias("k"))


def _stratum() -> Column:
    place = sf.pmod(sf.xxhash64("id"), sf.lit(100))
    ends = [sum(SHARES[: i + 1]) for i in range(len(SHARES))]
    stratum = sf.lit(len(SHARES) - 1)
    for i in reversed(range(len(SHARES) - 1)):
        stratum = sf.when(place < ends[i], i).otherwise(stratum)
    return stratum


def size_of_all() -> int:
    """Bytes of all tables together."""
    return sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file())


def _check_room(wanted: int) -> None:
    """Raise before a disk is full, and before the tables take more than they may."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for folder in FOLDER.glob("*.unfinished"):  # of a run that was stopped
        shutil.rmtree(folder)
    free, taken = shutil.disk_usage(FOLDER).free, size_of_all()
    if taken + wanted > _LIMIT or free < 2 * wanted:
        raise SystemExit(
            f"No room for {wanted >> 20} MB more of test data: it takes {taken >> 20} MB of the allowed "
            f"{_LIMIT >> 20}, and the disk has {free >> 20} MB left. Delete build/{FOLDER.name}."
        )
