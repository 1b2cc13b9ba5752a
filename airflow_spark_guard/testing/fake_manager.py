"""The common base of the fakes of all managers: a server, applications, and injected faults."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from airflow_spark_guard.core.clock import EpochTime, epoch_now
from airflow_spark_guard.core.cluster.status import ClusterState
from airflow_spark_guard.testing.fake_driver import FakeDriver

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SUBMIT_PATH = "/testing/submit"
_REFUSALS = frozenset({401, 403})
_SUBMIT = """\
#!{python}
import sys
sys.path[:0] = {path!r}
from airflow_spark_guard.testing.spark_submit import main
sys.exit(main({url!r}, sys.argv[1:]))
"""
_STATES = {
    None: ClusterState.RUNNING,
    0: ClusterState.SUCCEEDED,
}


@dataclass
class FakeApplication:
    """An application of a fake.

    Attributes:
        id: the manager's id of it.
        name: as submitted.
        conf: its configuration.
        course: the states that consecutive requests find; the last one stays. Ignored if there is a driver.
        driver: runs its script; None if the course is scripted.
        diagnostics: the manager's message about it.
        immortal: whether the manager accepts a kill request without killing it.
        killed: whether a kill was requested.
        submitted_at: time of submission.
        started_at: when its driver was first seen running; None before.
    """

    id: str
    name: str
    conf: dict[str, str]
    course: deque[ClusterState]
    driver: FakeDriver | None = None
    diagnostics: str = ""
    immortal: bool = False
    killed: bool = False
    submitted_at: EpochTime = field(default_factory=epoch_now)
    started_at: EpochTime | None = None

    @property
    def state(self) -> ClusterState:
        """Its current state."""
        if self.killed and not self.immortal:
            return ClusterState.KILLED
        if self.driver is not None:
            return _STATES.get(self.driver.exit_code, ClusterState.FAILED)
        return self.course[0]

    @property
    def exit_code(self) -> int | None:
        """Exit code of its driver; None while it runs, and if the course is scripted."""
        return self.driver.exit_code if self.driver is not None else None

    def look(self) -> ClusterState:
        """Return its current state, and advance a scripted course by one."""
        state = self.state
        if len(self.course) > 1:
            self.course.popleft()
        if state is not ClusterState.WAITING and self.started_at is None:
            self.started_at = epoch_now()
        return state

    def kill(self) -> None:
        """Handle a kill request."""
        if self.state.is_active:
            self.killed = True
            if self.driver is not None and not self.immortal:
                self.driver.kill()


class FakeManager:
    """A server on loopback. Use it as a context manager; leaving it kills applications that still run.

    Attributes:
        environment_key: prefix of configuration keys that set the driver's environment variables; may be
            empty.
        url: its address.
        applications: all submitted applications, by id.
        course: states of the next application, as texts or members; None: its script is run.
        diagnostics: the manager's message about the next application.
        submit_exit: exit code of the next spark-submit; if above 0, nothing is submitted.
        refuse: HTTP status for all answers; None to answer normally.
        down: whether the server drops every connection without an answer.
        delay: seconds before each answer.
        token: the bearer token that requests must carry; empty to accept all.
        requests: method and path of each answered request, oldest first.
    """

    environment_key: ClassVar[str] = ""

    def __init__(self) -> None:
        self.applications: dict[str, FakeApplication] = {}
        self.course: Iterable[str] | None = None
        self.diagnostics = ""
        self.submit_exit = 0
        self.refuse: int | None = None
        self.down = False
        self.delay = 0.0
        self.token = ""
        self.requests: list[str] = []
        self._lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        # A driver asks the kernel to kill it when the thread that started it ends, as it should when its JVM
        # does. The thread of a request ends with its answer.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="fake-manager-starter")

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for application in self.applications.values():
            if application.driver is not None:
                application.driver.close()
        self._starter.shutdown()

    def spark_submit(self, folder: Path) -> Path:
        """Write an executable into this folder that submits to this fake and prints what Spark prints."""
        binary = folder / "spark-submit"
        root = [str(Path(__file__).parents[2])]
        binary.write_text(_SUBMIT.format(python=sys.executable, path=root, url=self.url))
        binary.chmod(0o755)
        return binary

    def add(
        self, name: str = "a job", conf: dict[str, str] | None = None, course: Iterable[str] = ("RUNNING",)
    ) -> FakeApplication:
        """Add an application as if it had been submitted before."""
        with self._lock:
            states = deque(ClusterState(state) for state in course)
            found = FakeApplication(
                self.new_id(conf or {}), name, dict(conf or {}), states, diagnostics=self.diagnostics
            )
            self.applications[found.id] = found
            return found

    def submit(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Handle a request of the fake spark-submit; return its exit code, and the output if that is 0."""
        if self.submit_exit:
            return {"exit": self.submit_exit}
        found = self.add(asked["name"], asked["conf"], self.course or ("WAITING",))
        if self.course is None:
            self.start(found, asked["words"], asked["files"], asked["py_files"])
        return {"exit": 0, "printed": self.printed(found.id)}

    def start(
        self, found: FakeApplication, words: Sequence[str], files: Sequence[str], py_files: Sequence[str]
    ) -> None:
        """Run the driver of an application, with the environment that its configuration gives."""
        key = self.environment_key
        named = {name: str(value) for name, value in found.conf.items() if key and name.startswith(key)}
        environment = {name.removeprefix(key): value for name, value in named.items()}
        found.driver = self._starter.submit(FakeDriver, words, environment, files, py_files).result()

    def printed(self, application: str) -> list[str]:
        """The lines that spark-submit prints of an application that it has handed over."""
        return [f"Submitted application {application}"]

    def new_id(self, conf: dict[str, str]) -> str:
        """The id of a new application with this configuration."""
        raise NotImplementedError

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        """Status and JSON for an accepted request."""
        raise NotImplementedError

    def refusal(self, status: int) -> tuple[int, Any]:
        """Status and JSON for a refused request, as the real manager writes it."""
        raise NotImplementedError

    def reply(self, handler: BaseHTTPRequestHandler) -> tuple[int, Any] | None:
        """Status and JSON, or text, for this request; None to drop the connection."""
        path, _, query = handler.path.partition("?")
        length = int(handler.headers.get("Content-Length") or 0)
        body = json.loads(handler.rfile.read(length) or b"null") if length else None
        if path == SUBMIT_PATH:
            return 200, self.submit(body or {})
        time.sleep(self.delay)
        if self.down:
            return None
        with self._lock:
            self.requests.append(f"{handler.command} {path}")
            refused = self.refuse
            if self.token and handler.headers.get("Authorization") != f"Bearer {self.token}":
                refused = 401
            if refused is not None:
                return self.refusal(refused) if refused in _REFUSALS else (refused, "")
            return self.answer(handler.command, path, _query(query), body)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        manager = self

        class Handler(BaseHTTPRequestHandler):
            def respond(self) -> None:
                reply = manager.reply(self)
                if reply is None:
                    return
                status, content = reply
                text = content if isinstance(content, str) else json.dumps(content)
                with contextlib.suppress(OSError):  # the client has hung up
                    self.send_response(status)
                    if text is not content:
                        self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(text.encode())))
                    self.end_headers()
                    self.wfile.write(text.encode())

            do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = respond  # noqa: N815 - names of http.server

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        return Handler


def _query(text: str) -> dict[str, str]:
    from urllib.parse import parse_qsl  # noqa: PLC0415 - used here alone

    return dict(parse_qsl(text))
