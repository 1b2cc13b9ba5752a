"""An event log as Spark 4.2 writes one for a SQL job, of any size; the figures of tasks are invented."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

START = 1_700_000_000_000
_STAGE_TASKS = 1000
_EXECUTORS, _CORES = 50, 4
_OPERATORS = 15
_SQL = "org.apache.spark.sql.execution.ui.SparkListenerSQL"
_SQL_METRICS = (
    "number of output rows", "number of input rows", "data size", "shuffle bytes written",
    "shuffle records written", "shuffle write time", "duration", "peak memory",
    "time in aggregation build", "data sent to Python workers", "data returned from Python workers",
)  # fmt: skip
_INTERNAL = (
    "executorDeserializeTime", "executorDeserializeCpuTime", "executorRunTime", "executorCpuTime",
    "resultSize", "jvmGCTime", "resultSerializationTime", "peakExecutionMemory", "peakOnHeapExecutionMemory",
    "shuffle.write.bytesWritten", "shuffle.write.recordsWritten", "shuffle.write.writeTime",
    "input.recordsRead",
)  # fmt: skip
_MEMORY = (
    "JVMHeapMemory", "JVMOffHeapMemory", "OnHeapExecutionMemory", "OffHeapExecutionMemory",
    "OnHeapStorageMemory", "OffHeapStorageMemory", "OnHeapUnifiedMemory", "OffHeapUnifiedMemory",
    "DirectPoolMemory", "MappedPoolMemory", "ProcessTreeJVMVMemory", "ProcessTreeJVMRSSMemory",
    "ProcessTreePythonVMemory", "ProcessTreePythonRSSMemory", "ProcessTreeOtherVMemory",
    "ProcessTreeOtherRSSMemory", "MinorGCCount", "MinorGCTime", "MajorGCCount", "MajorGCTime", "TotalGCTime",
    "ConcurrentGCCount", "ConcurrentGCTime",
)  # fmt: skip
_PUSHED = (
    "Corrupt Merged Block Chunks", "Merged Fetch Fallback Count", "Merged Remote Blocks Fetched",
    "Merged Local Blocks Fetched", "Merged Remote Chunks Fetched", "Merged Local Chunks Fetched",
    "Merged Remote Bytes Read", "Merged Local Bytes Read", "Merged Remote Requests Duration",
)  # fmt: skip


def lines(tasks: int, *, seed: int = 0) -> Iterator[str]:
    """The lines of a log with so many tasks, a thousand in each stage, each stage a SQL execution."""
    chance = random.Random(seed)  # noqa: S311 - figures, no secrets
    yield from map(_line, _head())
    template, clock = _task_end(), START + 10_000
    for number, first in enumerate(range(0, tasks, _STAGE_TASKS)):
        count = min(_STAGE_TASKS, tasks - first)
        yield from map(_line, _before(number, count, clock))
        for task in range(first, first + count):
            launched = clock + (task - first) * 40
            executor = task % _EXECUTORS + 1
            ran = int(chance.lognormvariate(7, 0.6))
            yield _line(_task_start(number, task, task - first, executor, launched))
            yield template % {
                "stage": number, "task": task, "index": task - first, "launched": launched, "ran": ran,
                "finished": launched + ran + 30, "executor": executor, "cpu": ran * 700_000, "gc": ran // 50,
                "size": ran * 1500, "rows": ran * 20, "id": number * 100,
            }  # fmt: skip
        clock += count * 40 + 10_000
        yield from map(_line, _after(number, count, clock))
        clock += 2_000
    yield _line({"Event": "SparkListenerApplicationEnd", "Timestamp": clock})


def _line(event: dict[str, Any]) -> str:
    return json.dumps(event, separators=(",", ":"))


def _head() -> Iterator[dict[str, Any]]:
    yield {"Event": "SparkListenerLogStart", "Spark Version": "4.2.0"}
    conf = {"spark.master": "spark://master:7077", "spark.app.name": "synthetic", "spark.executor.cores": "4"}
    hadoop = {f"hadoop.option.{number}": "value" * 5 for number in range(1000)}
    yield {
        "Event": "SparkListenerEnvironmentUpdate",
        "JVM Information": {"Java Version": "17"},
        "System Properties": {},
        "Metrics Properties": {},
        "Classpath Entries": {},
        "Spark Properties": conf,
        "Hadoop Properties": hadoop,
    }
    yield {
        "Event": "SparkListenerApplicationStart", "App Name": "synthetic", "App ID": "app-1",
        "Timestamp": START, "User": "bench",
    }  # fmt: skip
    for number in range(1, _EXECUTORS + 1):
        yield {
            "Event": "SparkListenerExecutorAdded",
            "Timestamp": START + number * 100,
            "Executor ID": str(number),
            "Executor Info": {"Host": f"host-{number}", "Total Cores": _CORES, "Log Urls": {}},
        }


def _stage(number: int, count: int, clock: int, **more: Any) -> dict[str, Any]:
    rdds = [
        {
            "RDD ID": rdd,
            "Name": "MapPartitionsRDD",
            "Scope": '{"id":"5","name":"Exchange"}',
            "Callsite": "y" * 60,
            "Parent IDs": [1],
            "Storage Level": {
                "Use Disk": False,
                "Use Memory": False,
                "Use Off Heap": False,
                "Deserialized": False,
                "Replication": 1,
            },
            "Barrier": False,
            "DeterministicLevel": "DETERMINATE",
            "Number of Partitions": count,
            "Number of Cached Partitions": 0,
            "Memory Size": 0,
            "Disk Size": 0,
        }
        for rdd in range(20)
    ]
    return {
        "Stage ID": number, "Stage Attempt ID": 0, "Stage Name": f"collect at /srv/jobs/job.py:{number}",
        "Number of Tasks": count, "RDD Info": rdds, "Parent IDs": [],
        "Details": "org.apache.spark.x(X.scala)\n" * 40,
        "Submission Time": clock, "Accumulables": [], "Resource Profile Id": 0, **more,
    }  # fmt: skip


def _before(number: int, count: int, clock: int) -> Iterator[dict[str, Any]]:
    plan: dict[str, Any] = {
        "nodeName": "Range",
        "simpleString": "Range (0, 1000)",
        "children": [],
        "metrics": [],
    }
    for depth in range(_OPERATORS):
        metrics = [
            {"name": name, "accumulatorId": number * 100 + at, "metricType": "sum"}
            for at, name in enumerate(_SQL_METRICS)
        ]
        plan = {
            "nodeName": f"Project {depth}", "simpleString": "Project [a, b, c]" * 10, "children": [plan],
            "metadata": {}, "metrics": metrics if depth == _OPERATORS - 1 else [],
        }  # fmt: skip
    yield {
        "Event": f"{_SQL}ExecutionStart", "executionId": number, "description": f"collect at job.py:{number}",
        "physicalPlanDescription": "== Physical Plan ==\n" * 200, "sparkPlanInfo": plan, "time": clock - 500,
        "modifiedConfigs": {},
    }  # fmt: skip
    stage = _stage(number, count, clock)
    properties = {
        "spark.sql.execution.id": str(number),
        "callSite.short": f"collect at /srv/jobs/job.py:{number}",
    }
    yield {
        "Event": "SparkListenerJobStart", "Job ID": number, "Submission Time": clock, "Stage Infos": [stage],
        "Stage IDs": [number], "Properties": properties,
    }  # fmt: skip
    yield {"Event": "SparkListenerStageSubmitted", "Stage Info": stage, "Properties": properties}


def _after(number: int, count: int, clock: int) -> Iterator[dict[str, Any]]:
    values = [
        {"ID": number * 100 + at, "Name": name, "Value": "123456", "Internal": True, "Metadata": "sql"}
        for at, name in enumerate(_SQL_METRICS)
    ]
    done = _stage(number, count, clock, **{"Completion Time": clock, "Accumulables": values})
    yield {"Event": "SparkListenerStageCompleted", "Stage Info": done}
    yield {
        "Event": "SparkListenerJobEnd", "Job ID": number, "Completion Time": clock,
        "Job Result": {"Result": "JobSucceeded"},
    }  # fmt: skip
    yield {"Event": f"{_SQL}ExecutionEnd", "executionId": number, "time": clock + 10, "errorMessage": ""}


def _task_start(stage: int, task: int, index: int, executor: int, launched: int) -> dict[str, Any]:
    return {
        "Event": "SparkListenerTaskStart", "Stage ID": stage, "Stage Attempt ID": 0,
        "Task Info": {
            "Task ID": task, "Index": index, "Attempt": 0, "Partition ID": index, "Launch Time": launched,
            "Executor ID": str(executor), "Host": f"host-{executor}", "Locality": "PROCESS_LOCAL",
            "Speculative": False, "Getting Result Time": 0, "Finish Time": 0, "Failed": False,
            "Killed": False, "Accumulables": [],
        },
    }  # fmt: skip


def _task_end() -> str:
    """A template of the line of a task's end."""
    rows = ",".join(
        f'{{"ID":%(id)d,"Name":"{name}","Update":"%(rows)d","Value":"%(size)d","Internal":true,'
        f'"Count Failed Values":true,"Metadata":"sql"}}'
        for name in _SQL_METRICS
    )
    internal = ",".join(
        f'{{"ID":%(id)d,"Name":"internal.metrics.{name}","Update":%(ran)d,"Value":%(size)d,"Internal":true,'
        f'"Count Failed Values":true}}'
        for name in _INTERNAL
    )
    memory = ",".join(f'"{name}":%(size)d' for name in _MEMORY)
    pushed = ",".join(f'"{name}":0' for name in _PUSHED)
    return (
        '{"Event":"SparkListenerTaskEnd","Stage ID":%(stage)d,"Stage Attempt ID":0,'
        '"Task Type":"ShuffleMapTask",'
        '"Task End Reason":{"Reason":"Success"},"Task Info":{"Task ID":%(task)d,"Index":%(index)d,'
        '"Attempt":0,'
        '"Partition ID":%(index)d,"Launch Time":%(launched)d,"Executor ID":"%(executor)d",'
        '"Host":"host-%(executor)d","Locality":"PROCESS_LOCAL","Speculative":false,"Getting Result Time":0,'
        f'"Finish Time":%(finished)d,"Failed":false,"Killed":false,"Accumulables":[{rows},{internal}]}},'
        f'"Task Executor Metrics":{{{memory}}},"Task Metrics":{{"Executor Deserialize Time":24,'
        '"Executor Deserialize CPU Time":5434582,"Executor Run Time":%(ran)d,"Executor CPU Time":%(cpu)d,'
        '"Peak Execution Memory":33817360,"Peak On Heap Execution Memory":8650736,'
        '"Peak Off Heap Execution Memory":0,"Result Size":3067,"JVM GC Time":%(gc)d,'
        '"Result Serialization Time":3,"Memory Bytes Spilled":0,"Disk Bytes Spilled":0,'
        '"Shuffle Read Metrics":'
        '{"Remote Blocks Fetched":4,"Local Blocks Fetched":2,"Fetch Wait Time":11,'
        '"Remote Bytes Read":%(size)d,'
        '"Remote Bytes Read To Disk":0,"Local Bytes Read":%(rows)d,"Total Records Read":%(rows)d,'
        f'"Remote Requests Duration":5,"Push Based Shuffle":{{{pushed}}}}},"Shuffle Write Metrics":'
        '{"Shuffle Bytes Written":%(size)d,"Shuffle Write Time":33607856,"Shuffle Records Written":%(rows)d},'
        '"Input Metrics":{"Bytes Read":%(size)d,"Records Read":%(rows)d},"Output Metrics":{"Bytes Written":0,'
        '"Records Written":0},"Updated Blocks":[]}}'
    )
