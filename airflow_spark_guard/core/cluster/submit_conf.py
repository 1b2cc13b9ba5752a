"""What cluster mode adds to a job's configuration: our marks, no waiting, an environment for the driver."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.cluster.place import YARN
from airflow_spark_guard.core.cluster.status import ATTEMPT_MARK, TASK_MARK
from airflow_spark_guard.core.cluster.yarn import tag

if TYPE_CHECKING:
    from collections.abc import Mapping

UPLOAD_PATH: Final = "spark.kubernetes.file.upload.path"
POD_NAME: Final = "spark.kubernetes.driver.pod.name"
_YARN_TAGS = "spark.yarn.tags"
_YARN_WAIT = "spark.yarn.submit.waitAppCompletion"
_YARN_ATTEMPTS = "spark.yarn.maxAppAttempts"
_YARN_ENV = "spark.yarn.appMasterEnv."
_POD_LABEL = "spark.kubernetes.driver.label."
_POD_WAIT = "spark.kubernetes.submission.waitAppCompletion"
_POD_ENV = "spark.kubernetes.driverEnv."
# With the rest, at most the 63 characters of a DNS label.
_LONGEST_NAME = 38


@dataclass(frozen=True)
class Marks:
    """What an application carries, so that it is found again by whatever host runs the next try.

    Attributes:
        task: of the task instance, the same for all its tries.
        attempt: of one try.
    """

    task: str
    attempt: str


def cluster_conf(
    manager: str, values: Mapping[str, str], marks: Marks, environment: Mapping[str, str]
) -> dict[str, str]:
    """The settings to add to ``values``.

    Args:
        manager: ``yarn`` or ``kubernetes``.
        values: the effective configuration.
        marks: of this try.
        environment: what the driver's process is to find in its environment.
    """
    if manager == YARN:
        tags = [values[_YARN_TAGS]] if values.get(_YARN_TAGS) else []
        ours = [tag(TASK_MARK, marks.task), tag(ATTEMPT_MARK, marks.attempt)]
        return {
            _YARN_TAGS: ",".join([*tags, *ours]),
            _YARN_WAIT: "false",
            # Airflow's retries are the ones that its user sees and limits.
            _YARN_ATTEMPTS: values.get(_YARN_ATTEMPTS) or "1",
            **{f"{_YARN_ENV}{name}": value for name, value in environment.items()},
        }
    return {
        f"{_POD_LABEL}{TASK_MARK}": marks.task,
        f"{_POD_LABEL}{ATTEMPT_MARK}": marks.attempt,
        POD_NAME: values.get(POD_NAME) or pod_name(values.get("spark.app.name", ""), marks),
        _POD_WAIT: "false",
        **{f"{_POD_ENV}{name}": value for name, value in environment.items()},
    }


def pod_name(application: str, marks: Marks) -> str:
    """A name for the driver's pod that no other try has, and that people recognise."""
    plain = re.sub(r"[^a-z0-9]+", "-", application.lower())[:_LONGEST_NAME].strip("-")
    return f"{plain or 'spark'}-{marks.attempt[:16]}-driver"


def can_ship(manager: str, values: Mapping[str, str]) -> bool:
    """Whether files of this machine can reach the driver."""
    return manager == YARN or bool(values.get(UPLOAD_PATH))
