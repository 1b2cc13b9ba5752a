"""What ``docs/task-logs.md`` says in front of each log, and the job that each log is of."""

from __future__ import annotations

from dataclasses import dataclass

from tools.task_logs.runs import Job

INTRODUCTION = """\
# Five task logs

What Airflow shows of five jobs, as it is: a healthy one, and four faults. `make task-logs` runs the jobs
(`tools/task_logs/jobs/`) and writes this page. Airflow {airflow}, Spark {spark}, airflow_spark_guard {guard},
on a machine with two cores that had other work at the same time. Times are UTC.

Only folders of this machine are replaced (`/jobs`, `/data`, `/opt/...`). Airflow's own lines before and after
the task are left out, and of each line the logger's name and its place. [How to read a task log](log.md).
"""


@dataclass(frozen=True)
class Chapter:
    """One log of the page.

    Attributes:
        title: its heading.
        words: what happened, and where to look.
        job: what is run.
        verdict: of a failure; empty for a success.
        tries: whether it is two tries at once.
    """

    title: str
    words: str
    job: Job
    verdict: str = ""
    tries: bool = False


TWO = "local-cluster[2,1,1024]"
FIVE = {
    "spark.executor.memory": "512m",
    "spark.scheduler.minRegisteredResourcesRatio": "1.0",
    "spark.scheduler.maxRegisteredResourcesWaitingTime": "3min",
}
CHAPTERS = (
    Chapter(
        "A healthy job",
        "Three parts, each announced by `heartbeat()`; a line on the running stages at most every 10 s. "
        "The line `Finished after` says how it ended, and that no processes are left.",
        Job("train", TWO),
    ),
    Chapter(
        "A stage that stands still beside a query that moves",
        "One worker waits in `recv()` for a service that never answers, while a thread of the driver "
        "runs a small query every second. From half of `stall_timeout` on, the log says what stands "
        "still and when it ends. Look at `where`: the line in the worker, not one of the driver.",
        Job("enrich", TWO, limits={"stall_timeout": "40s"}),
        verdict="STALLED",
    ),
    Chapter(
        "Four of five executors lost on one node",
        "Four executors are killed at the same moment. That is one event, and three are allowed within "
        "10 minutes: the job goes on with the executor that is left and with those that the cluster "
        "gives anew, and succeeds. Look at the guard's line that names the four, their host, time and "
        "reason.",
        Job("score", "local-cluster[5,1,512]", conf=FIVE),
    ),
    Chapter(
        "An error of the user's own code",
        "A function of the script imports a package that is not installed. `where` names the line that "
        "raised, `do` says whose Python lacks the package: in client mode the driver's is Airflow's "
        "own. No retry follows, since it would fail at the same line.",
        Job("clean", "local[2]"),
        verdict="USER_CODE",
    ),
    Chapter(
        "A task whose next try takes over",
        "Airflow starts try 3 while try 2 is still at work, as after a restart of its scheduler. Try 3 "
        "ends the processes of try 2 before it submits, so that never two jobs write at once. See the "
        "log of try 3. Here two processes call the operator, since `airflow dags test` runs one try "
        "only.",
        Job("load", "local[1]"),
        verdict="TAKEN_OVER",
        tries=True,
    ),
)
