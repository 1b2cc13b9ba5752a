"""The job's side: code that ships with the job and runs in the Spark driver.

It imports neither Airflow nor the rest of this package. Every function also works outside a guarded attempt;
:func:`report` and :func:`heartbeat` do nothing there.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_spark_guard.job.collection.batches import Batch, iter_batches
    from airflow_spark_guard.job.collection.collecting import collect_sample
    from airflow_spark_guard.job.collection.errors import SampleError
    from airflow_spark_guard.job.collection.report import SampleReport
    from airflow_spark_guard.job.collection.sample import Sample
    from airflow_spark_guard.job.collection.strata import Stratify
    from airflow_spark_guard.job.heartbeats import heartbeat
    from airflow_spark_guard.job.instruments.automatic.wrapped_job import instrument
    from airflow_spark_guard.job.instruments.executors.environment import check_environment
    from airflow_spark_guard.job.instruments.executors.shipping import ship_modules
    from airflow_spark_guard.job.instruments.instrumentation import SparkInstrumentation
    from airflow_spark_guard.job.parallel import spark_parallel
    from airflow_spark_guard.job.reporting import ReportError, report
    from airflow_spark_guard.job.scoring import predict
    from airflow_spark_guard.job.upload import to_spark

__all__ = [
    "Batch",
    "ReportError",
    "Sample",
    "SampleError",
    "SampleReport",
    "SparkInstrumentation",
    "Stratify",
    "check_environment",
    "collect_sample",
    "heartbeat",
    "instrument",
    "iter_batches",
    "predict",
    "report",
    "ship_modules",
    "spark_parallel",
    "to_spark",
]

# No module may have the name of a function here: importing it would replace the function.
_HOMES = {
    "Batch": "collection.batches",
    "ReportError": "reporting",
    "Sample": "collection.sample",
    "SampleError": "collection.errors",
    "SampleReport": "collection.report",
    "SparkInstrumentation": "instruments.instrumentation",
    "Stratify": "collection.strata",
    "check_environment": "instruments.executors.environment",
    "collect_sample": "collection.collecting",
    "heartbeat": "heartbeats",
    "instrument": "instruments.automatic.wrapped_job",
    "iter_batches": "collection.batches",
    "predict": "scoring",
    "report": "reporting",
    "ship_modules": "instruments.executors.shipping",
    "spark_parallel": "parallel",
    "to_spark": "upload",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
