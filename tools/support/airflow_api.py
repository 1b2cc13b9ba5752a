"""Airflow over its public REST API."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

INTERNAL = 500


class AirflowApi:
    """An API server; ``token`` is set by who signs in."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.token = ""

    def sign_in(self, user: str, password: str) -> None:
        """Get the token of this user."""
        answer = self.call("POST", "/auth/token", {"username": user, "password": password}, authorized=False)
        self.token = answer["access_token"]

    def call(self, method: str, path: str, body: Any = None, *, authorized: bool = True) -> Any:
        """The answer's JSON; None where there is none. Errors are ``urllib``'s.

        Airflow's own API is asked again after a 500: on a crowded machine SQLite is locked now and then.
        """
        request = urllib.request.Request(  # noqa: S310 - of a server of ours
            self.url + path, method=method, data=None if body is None else json.dumps(body).encode()
        )
        request.add_header("Content-Type", "application/json")
        if authorized:
            request.add_header("Authorization", f"Bearer {self.token}")
        for pause in (1, 3, None):
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - the same
                    text = answer.read()
                break
            except urllib.error.HTTPError as error:
                if pause is None or error.code != INTERNAL or not path.startswith("/api/v2/"):
                    raise
                time.sleep(pause)
        return json.loads(text) if text else None

    @staticmethod
    def wait(condition: Callable[[], object], timeout: float, what: str) -> None:
        """Until the condition holds; AssertionError after ``timeout`` seconds."""
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"{what} did not come about within {timeout} s")
            time.sleep(0.5)

    def _is_known(self, dag_id: str) -> bool:
        try:
            self.call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})
        except urllib.error.HTTPError:
            return False
        return True

    def trigger(self, dag_id: str, conf: dict[str, Any]) -> str:
        """Start a run; its id."""
        self.wait(lambda: self._is_known(dag_id), 120, f"DAG {dag_id}")
        run = self.call("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None, "conf": conf})
        return run["dag_run_id"]

    def task(self, dag_id: str, run_id: str, task_id: str) -> dict[str, Any]:
        """The task instance as the API shows it."""
        return self.call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}")

    def mark_failed(self, dag_id: str, run_id: str, task_id: str) -> None:
        """What a user does to end a running task."""
        self.call(
            "PATCH",
            f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}",
            {"new_state": "failed"},
        )
