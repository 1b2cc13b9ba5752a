"""The list of checks, in the order in which they run: a later one may use what an earlier one has found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_spark_guard.cli.checks.airflow_checks import (
    AirflowCheck,
    ConnectionCheck,
    OptionsCheck,
    SparkProviderCheck,
)
from airflow_spark_guard.cli.checks.cluster_checks import FitCheck, MasterCheck
from airflow_spark_guard.cli.checks.conf_checks import ConfCheck
from airflow_spark_guard.cli.checks.host_checks import (
    DiskSpaceCheck,
    LimitsCheck,
    PySpyCheck,
    RecordStoreCheck,
)
from airflow_spark_guard.cli.checks.python_checks import (
    PandasCheck,
    PyarrowCheck,
    PysparkPairCheck,
    PythonCheck,
)
from airflow_spark_guard.cli.checks.spark_checks import JavaCheck, SparkSubmitCheck

if TYPE_CHECKING:
    from airflow_spark_guard.cli.checks.check import Check

CHECKS: Final[tuple[Check, ...]] = (
    JavaCheck(),
    PythonCheck(),
    PysparkPairCheck(),
    PandasCheck(),
    PyarrowCheck(),
    PySpyCheck(),
    SparkSubmitCheck(),
    AirflowCheck(),
    SparkProviderCheck(),
    ConnectionCheck(),
    MasterCheck(),
    FitCheck(),
    ConfCheck(),
    OptionsCheck(),
    RecordStoreCheck(),
    DiskSpaceCheck(),
    LimitsCheck(),
)
