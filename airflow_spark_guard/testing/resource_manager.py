"""A YARN ResourceManager: the part of its Cluster Applications API that is needed to watch and end them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_spark_guard.core.cluster.status import ClusterState
from airflow_spark_guard.testing.fake_manager import FakeManager

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

    from airflow_spark_guard.testing.fake_manager import FakeApplication

_APPS = "/ws/v1/cluster/apps"
_STATES = {
    ClusterState.WAITING: ("ACCEPTED", "UNDEFINED"),
    ClusterState.RUNNING: ("RUNNING", "UNDEFINED"),
    ClusterState.SUCCEEDED: ("FINISHED", "SUCCEEDED"),
    ClusterState.FAILED: ("FINISHED", "FAILED"),
    ClusterState.KILLED: ("KILLED", "KILLED"),
}
_CLUSTER = 1795220516234


class FakeResourceManager(FakeManager):
    """Answers as documented for YARN 3.

    Attributes:
        standby: address of the active manager; if set, this one only redirects to it.
    """

    environment_key: ClassVar[str] = "spark.yarn.appMasterEnv."

    def __init__(self) -> None:
        super().__init__()
        self.standby = ""

    def new_id(self, conf: dict[str, str]) -> str:  # noqa: ARG002 - YARN numbers them
        """``application_<start of the manager>_<number>``."""
        return f"application_{_CLUSTER}_{len(self.applications) + 1:04d}"

    def printed(self, application: str) -> list[str]:
        """Of Spark's YARN client."""
        return [
            f"Client: Submitting application {application} to ResourceManager",
            f"YarnClientImpl: Submitted application {application}",
            f"Client: Application report for {application} (state: ACCEPTED)",
        ]

    def reply(self, handler: BaseHTTPRequestHandler) -> tuple[int, Any] | None:
        """A standby answers with text and a redirect to the active manager."""
        if not self.standby or not handler.path.startswith(_APPS):
            return super().reply(handler)
        text = f"This is standby RM. The redirect url is: {handler.path}\n"
        handler.send_response(307)
        handler.send_header("Location", self.standby + handler.path)
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text.encode())
        return None

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        """Handle requests to list, read and kill applications."""
        if path == _APPS:
            return 200, self._listed(query)
        name, _, rest = path.removeprefix(f"{_APPS}/").partition("/")
        found = self.applications.get(name)
        if found is None:
            return _missing(name)
        if rest == "state" and method == "PUT":
            return self._set_state(found, body)
        if rest:
            return 404, ""
        # Read once: each read may advance a scripted course.
        app = _app(found)
        return _missing(name) if app is None else (200, {"app": app})

    def refusal(self, status: int) -> tuple[int, Any]:
        """The text with which a secured manager refuses an unknown user."""
        return status, "The default static user cannot carry out this operation."

    def _listed(self, query: dict[str, str]) -> dict[str, Any]:
        tags = {tag for tag in query.get("applicationTags", "").split(",") if tag}
        states = set(query.get("states", "").split(",")) - {""}
        apps = [app for one in self.applications.values() if (app := _app(one, look=False)) is not None]
        chosen = [
            app
            for app in apps
            if (not tags or tags & set(app["applicationTags"].split(",")))
            and (not states or app["state"] in states)
        ]
        return {"apps": {"app": chosen} if chosen else None}

    def _set_state(self, found: FakeApplication, body: Any) -> tuple[int, Any]:
        if body != {"state": "KILLED"}:
            message = "Only 'KILLED' is allowed as a target state."
            return 400, _exception("BadRequestException", message)
        before = _STATES.get(found.state, ("FINISHED", ""))[0]
        found.kill()
        return (202 if before in {"ACCEPTED", "RUNNING"} else 200), {"state": before}


def _app(found: FakeApplication, *, look: bool = True) -> dict[str, Any] | None:
    """The object of an application, with the fields that YARN documents; None if it has vanished."""
    state = found.look() if look else found.state
    if state is ClusterState.VANISHED:
        return None
    named, final = _STATES[state]
    code = found.exit_code
    message = f"User application exited with status {code}" if code else ""
    begun = int(found.submitted_at * 1000)
    launched = 0 if found.started_at is None else int(found.started_at * 1000)
    return {
        "id": found.id,
        "user": "spark",
        "name": found.name,
        "queue": found.conf.get("spark.yarn.queue", "default"),
        "state": named,
        "finalStatus": final,
        "progress": 100.0 if named == "FINISHED" else 10.0,
        "trackingUI": "History" if named == "FINISHED" else "ApplicationMaster",
        "trackingUrl": f"http://rm.example.com:8088/proxy/{found.id}/",
        "diagnostics": found.diagnostics or message,
        "clusterId": _CLUSTER,
        "applicationType": "SPARK",
        "applicationTags": found.conf.get("spark.yarn.tags", "").lower(),
        "priority": 0,
        "startedTime": begun,
        "launchTime": launched,
        "finishedTime": 0,
        "elapsedTime": 0,
        "amContainerLogs": f"http://node.example.com:8042/node/containerlogs/{found.id}/spark",
        "amHostHttpAddress": "node.example.com:8042",
    }


def _missing(name: str) -> tuple[int, Any]:
    return 404, _exception("NotFoundException", f"java.lang.Exception: app with id: {name} not found")


def _exception(kind: str, message: str) -> dict[str, Any]:
    return {
        "RemoteException": {
            "exception": kind,
            "message": message,
            "javaClassName": f"org.apache.hadoop.yarn.webapp.{kind}",
        }
    }
