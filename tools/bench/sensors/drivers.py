"""Fake drivers for the sensor benchmark: one cheap process, each driver on a port of its own.

    python -m tools.bench.sensors.drivers COUNT LOG

The first line that it prints are the ports, as JSON. Every look at executors becomes a line of LOG: the
driver's number, and the seconds of this machine's monotonic clock. ``GET /bench/lose`` takes an executor from
the driver that is asked.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from tools import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

RECORDED = ROOT / "tests" / "data" / "rest" / "4.2.0" / "allexecutors.json"
EXECUTORS = 10
_END = b"\r\n\r\n"


def application_id(number: int) -> str:
    """The id of the application that driver ``number`` runs."""
    return f"app-20261121000000-{number:04}"


class FakeDriver:
    """What one driver says, in Spark's own words: the rows of a recording, as often as it has executors."""

    def __init__(self, number: int, log: TextIO) -> None:
        self._number = number
        self._log = log
        rows = json.loads(RECORDED.read_text())
        living = next(row for row in rows if row["isActive"] and row["id"] != "driver")
        driver = next(row for row in rows if row["id"] == "driver")
        self._rows: list[dict[str, Any]] = [{**living, "id": str(i)} for i in range(EXECUTORS)]
        self._rows.append(driver)
        self._executors = json.dumps(self._rows, indent=1).encode()
        started = {"startTimeEpoch": 1_700_000_000_000, "completed": False}
        self._applications = json.dumps([{"id": application_id(number), "attempts": [started]}]).encode()

    def answer(self, path: str) -> bytes:
        """The body for a path; empty for one that no sensor should ask for."""
        if path == "/api/v1/applications":
            return self._applications
        if path.endswith("/allexecutors"):
            self._log.write(f"{self._number} {time.monotonic():.3f}\n")
            return self._executors
        if path == "/bench/lose":
            self._lose()
            return b"[]"
        return b""

    def _lose(self) -> None:
        self._rows[0] = {
            **self._rows[0],
            "isActive": False,
            "removeTime": time.strftime("%Y-%m-%dT%H:%M:%S.000GMT", time.gmtime()),
            "removeReason": "Command exited with code 137",
        }
        self._executors = json.dumps(self._rows, indent=1).encode()


class Connection(asyncio.Protocol):
    """Just enough HTTP/1.1 for GET, with the connection kept, as Spark's server does."""

    def __init__(self, answer: Callable[[str], bytes]) -> None:
        self._answer = answer
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self._received += data
        while _END in self._received:
            head, _, self._received = self._received.partition(_END)
            self._transport.write(_response(self._answer(head.split(b" ", 2)[1].decode())))


def _response(body: bytes) -> bytes:
    status = HTTPStatus.OK if body else HTTPStatus.NOT_FOUND
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nDate: {formatdate(usegmt=True)}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _serve(count: int, log: TextIO) -> None:
    loop = asyncio.get_running_loop()
    servers = []
    for number in range(count):
        driver = FakeDriver(number, log)
        servers.append(await loop.create_server(lambda d=driver: Connection(d.answer), "127.0.0.1", 0))
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with Path(sys.argv[2]).open("w", buffering=1) as file:
        asyncio.run(_serve(int(sys.argv[1]), file))
