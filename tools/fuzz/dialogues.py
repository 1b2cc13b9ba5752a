"""Every dialogue with a server of Spark, YARN or Kubernetes, and answers that one of them takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.cluster.kubernetes import Kubernetes
from airflow_spark_guard.core.cluster.yarn import Yarn
from airflow_spark_guard.core.web import application_rows, history_rest, log_tail, master_json, spark_rest
from airflow_spark_guard.core.web.answer import UnusableAnswerError
from tools import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from airflow_spark_guard.core.web.answer import Answer

_RECORDED = ROOT / "tests" / "data" / "rest" / "4.2.0"
_MOST_REQUESTS = 50
APP = "app-1"
UI = "http://h:8080"
DIALOGUES: dict[str, Callable[[], Generator[Any, Any, Any]]] = {
    "check": lambda: spark_rest.check_application(APP),
    "look": lambda: spark_rest.look(APP, details=True, local=False),
    "local": lambda: spark_rest.look(APP, details=True, local=True),
    "executors": lambda: spark_rest.executors(APP),
    "threads": lambda: spark_rest.threads(APP, "1"),
    "applications": application_rows.applications,
    "stage rows": lambda: application_rows.stages(APP),
    "executor rows": lambda: application_rows.executors(APP),
    "restarts": lambda: application_rows.restarts(APP),
    "history": lambda: history_rest.application(APP),
    "named": lambda: history_rest.named("n", 0.0),
    "master": lambda: master_json.look((), UI, APP),
    "manager": lambda: master_json.application((), UI, APP),
    "at the master": lambda: master_json.named((), UI, "n", 0.0),
    "page": lambda: master_json.page((), UI, APP),
    "kill": lambda: master_json.kill((), UI, APP),
    "gone": lambda: master_json.gone((), UI, APP),
    "yarn": lambda: Yarn((UI,)).status(APP),
    "yarn find": lambda: Yarn((UI,)).find("m", "v"),
    "yarn kill": lambda: Yarn((UI,)).kill(APP),
    "pod": lambda: Kubernetes((UI,)).status(APP),
    "pods": lambda: Kubernetes((UI,)).find("m", "v"),
    "tail": lambda: log_tail.tail("http://h/logPage/?x", 100),
}


def play(dialogue: Generator[Any, Any, Any], replies: Sequence[Answer]) -> None:
    """The dialogue with these answers, the last one again and again, to its end or to an error of ours."""
    try:
        request, number = next(dialogue), 0
        while request is not None and number < _MOST_REQUESTS:
            request = dialogue.send(replies[min(number, len(replies) - 1)])
            number += 1
    except (StopIteration, UnusableAnswerError):
        return


def _recorded(name: str) -> Any:
    """An answer of this Spark, as tools/generate/rest_recordings.py kept it."""
    return json.loads((_RECORDED / f"{name}.json").read_text())


ANSWERS = [
    *(_recorded(name) for name in ("applications", "allexecutors", "stages", "jobs", "metrics")),
    {
        "url": "spark://h:7077",
        "status": "ALIVE",
        "workers": [{"state": "ALIVE", "cores": 1, "coresused": 1, "memory": 1, "memoryused": 1}],
        "activeapps": [{"id": APP, "name": "n-m-v", "state": "RUNNING", "starttime": 1, "duration": 1}],
        "completedapps": [{"id": "x", "name": "n", "state": "FINISHED", "starttime": 1, "duration": 1}],
    },
    {"app": {"id": APP, "state": "RUNNING", "startedTime": 1, "launchTime": 1, "finalStatus": "UNDEFINED"}},
    {"apps": {"app": [{"id": APP, "state": "RUNNING", "startedTime": 1, "applicationTags": "m-v"}]}},
    {
        "metadata": {"name": "p", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "status": {
            "phase": "Failed",
            "containerStatuses": [
                {"name": "c", "state": {"terminated": {"exitCode": 1, "reason": "x", "message": "y"}}}
            ],
            "conditions": [{"type": "PodScheduled", "status": "False", "reason": "x", "message": "y"}],
        },
    },
]
