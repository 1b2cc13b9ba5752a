"""What one look at a driver with many tasks costs whoever looks: a real driver, asked by the real sources."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.core.remote.plan import Plan
from airflow_spark_guard.core.remote.restarts import RestartBudget
from airflow_spark_guard.core.remote.target import Target
from airflow_spark_guard.core.watch.watch_limits import WatchLimits
from airflow_spark_guard.sources.remote import AsyncRemoteSource
from tools import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spark_guard.core.web.snapshot import Snapshot

PLANS = {
    "restart_sensor": Plan(budget=RestartBudget()),
    "application_sensor": Plan(windows=WatchLimits.of(GuardLimits(), deadline=None)),
}
_SLEEPING = 2
_BLOCK = 1 << 16


def measure(tasks: int, looks: int, patience: float) -> dict[str, Any]:
    """CPU, bytes and time of one look of either sensor, once all tasks but two of ``tasks`` have ended."""
    with _application(tasks) as target:
        waited = asyncio.run(_all_but_two(target, tasks, patience))
        found = {name: asyncio.run(_looks(target, plan, looks)) for name, plan in PLANS.items()}
    return {"tasks": tasks, "looks": looks, "until_ready_s": waited, **found}


@contextmanager
def _application(tasks: int) -> Iterator[Target]:
    """The running application; it ends with its standard input."""
    env = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    command = [sys.executable, "-m", "tools.bench.sensors.job", str(tasks)]
    job = subprocess.Popen(
        command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert job.stdin is not None  # noqa: S101 - as asked for
    assert job.stdout is not None  # noqa: S101 - the same
    try:
        told = json.loads(job.stdout.readline())
        yield Target(told["id"], driver_ui=told["url"])
    finally:
        job.stdin.close()
        try:
            job.wait(60)
        except subprocess.TimeoutExpired:
            job.kill()
            job.wait()


async def _all_but_two(target: Target, tasks: int, patience: float) -> float:
    begin = time.monotonic()
    source = AsyncRemoteSource(target, whole=True, timeout=30.0)
    try:
        while not _is_ready(await source.look(), tasks):
            if time.monotonic() - begin > patience:
                sys.exit(f"{tasks} tasks did not end within {patience:g} s")
            await asyncio.sleep(2.0)
    finally:
        await source.aclose()
    await asyncio.sleep(5.0)  # the driver's own record catches up
    return round(time.monotonic() - begin, 1)


def _is_ready(snapshot: Snapshot, tasks: int) -> bool:
    stages = snapshot.driver.stages if snapshot.driver is not None else ()
    return any(stage.tasks == tasks and stage.done == tasks - _SLEEPING for stage in stages)


async def _looks(target: Target, plan: Plan, looks: int) -> dict[str, float]:
    """Looks and judges, as a trigger does."""
    whole = plan.windows is not None
    source = AsyncRemoteSource(target, whole=whole)
    watch = plan.watch(time.time(), history_server=False)
    await source.look()  # connects, and asks whose driver it is: once for each application
    cpu, wall = [], []
    for _ in range(looks):
        used, begin = time.process_time(), time.monotonic()
        snapshot = await source.look()
        found = watch.observe(snapshot, time.time())
        cpu.append(time.process_time() - used)
        wall.append(time.monotonic() - begin)
        if snapshot.driver is None or found is not None:
            sys.exit(f"the driver cannot be watched: {snapshot.why_silent or found}")
    await source.aclose()
    return {
        "cpu_ms": round(statistics.mean(cpu) * 1000, 2),
        "wall_ms": round(statistics.median(wall) * 1000, 1),
        "bytes": await _bytes(target, whole=whole),
    }


async def _bytes(target: Target, *, whole: bool) -> int:
    """What the driver sends for one look, headers included: counted on the way, by a forwarder."""
    address = urlsplit(target.driver_ui)
    counted, ways = 0, []

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, count: bool) -> None:
        nonlocal counted
        while data := await reader.read(_BLOCK):
            counted += len(data) if count else 0
            writer.write(data)
            await writer.drain()
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ways.append(asyncio.current_task())
        far_reader, far_writer = await asyncio.open_connection(address.hostname, address.port)
        await asyncio.gather(
            forward(reader, far_writer, count=False), forward(far_reader, writer, count=True)
        )

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    source = AsyncRemoteSource(
        Target(target.application_id, driver_ui=f"http://127.0.0.1:{port}"), whole=whole
    )
    await source.look()
    before = counted
    await source.look()
    read = counted - before
    await source.aclose()
    server.close()
    await asyncio.gather(*ways)
    return read


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), 20, 900.0), indent=2))
