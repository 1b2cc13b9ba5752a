"""Requests to a standalone master, and its answers in JSON. No I/O; see ``sources/master.py`` for that."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from airflow_spark_guard.core.clock import EpochTime
from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.core.watch.observation import Master
from airflow_spark_guard.core.web import answer as read
from airflow_spark_guard.core.web.answer import Request, UnusableAnswerError
from airflow_spark_guard.core.web.master_page import read_page
from airflow_spark_guard.core.web.snapshot import Manager

if TYPE_CHECKING:
    from airflow_spark_guard.core.web.answer import Answer, Dialogue, Row
    from airflow_spark_guard.core.web.master_page import ApplicationPage

_UI_PORT = 8080
_MAX_WORKERS = 10_000
_FORBIDDEN = 403
_WHAT = "the master"
_STATES = frozenset({"WAITING", "RUNNING", "FINISHED", "FAILED", "KILLED"})
_MILLISECONDS = 1000
_TOKEN = re.compile(rb"""<input[^>]{0,300}name="csrfToken"[^>]{0,300}value="([\w=+/.-]{1,200})\"""")


def addresses(master_url: str) -> tuple[str, ...]:
    """The masters in ``spark://h:7077,h2:7077``, each as ``spark://host:port``; empty for other masters."""
    if not master_url.startswith("spark://"):
        return ()
    return tuple(f"spark://{host}" for host in master_url.removeprefix("spark://").split(",") if host)


def look(masters: tuple[str, ...], ui: str | None, application_id: str | None) -> Dialogue[Master]:
    """The living master's information about the application and its workers.

    Args:
        masters: as returned by :func:`addresses`.
        ui: the master's web UI, trusted as it is; None: port 8080 of each master's host, trusted only if it
            names one of our masters.
        application_id: None if it is not known yet.

    Raises:
        UnusableAnswerError: none of them is a living master.
    """
    _, state = yield from _living(masters, ui)
    return _master(state, _application(state, "activeapps", application_id))


def web_ui(masters: tuple[str, ...], ui: str | None) -> Dialogue[str]:
    """The web UI of the living master; masters and ``ui`` as in :func:`look`.

    Raises:
        UnusableAnswerError: none of them is a living master.
    """
    found, _ = yield from _living(masters, ui)
    return found


def _master(state: Row, active: Row | None) -> Master:
    workers = read.rows(state.get("workers"), _WHAT)[:_MAX_WORKERS]
    return Master(
        known=active is not None,
        waiting=active is not None and active.get("state") == "WAITING",
        workers=tuple(_room(row) for row in workers if row.get("state") == "ALIVE"),
    )


def application(masters: tuple[str, ...], ui: str | None, application_id: str) -> Dialogue[Manager]:
    """The state of the application; masters and ``ui`` as in :func:`look`.

    Raises:
        UnusableAnswerError: none of them is a living master.
    """
    _, state = yield from _living(masters, ui)
    active = _application(state, "activeapps", application_id)
    found = active or _application(state, "completedapps", application_id)
    known = _master(state, active)
    if found is None:
        return Manager(master=known)
    state_name = read.text(found, "state", 20)
    return Manager(state_name if state_name in _STATES else "", read.epoch_time(found, "starttime"), known)


def named(masters: tuple[str, ...], ui: str | None, name: str, since: EpochTime) -> Dialogue[tuple[str, ...]]:
    """The ids of running applications with this name; if none runs, the id of the newest ended since then.

    Args:
        masters: as in :func:`look`.
        ui: as in :func:`look`.
        name: ``spark.app.name``.
        since: applications that ended before are earlier runs.

    Raises:
        UnusableAnswerError: none of them is a living master.
    """
    _, state = yield from _living(masters, ui)
    active, ended = (
        [row for row in read.rows(state.get(group), _WHAT) if row.get("name") == name]
        for group in ("activeapps", "completedapps")
    )
    lately = [row for row in ended if _end(row) >= since]
    lately.sort(key=lambda row: read.count(row, "starttime"))
    return tuple(read.text(row, "id") for row in active or lately[-1:])


def _end(row: Row) -> EpochTime:
    return EpochTime((read.count(row, "starttime") + read.count(row, "duration")) / _MILLISECONDS)


def page(masters: tuple[str, ...], ui: str | None, application_id: str) -> Dialogue[ApplicationPage]:
    """The application's own page on the master, which has more than the JSON.

    Raises:
        UnusableAnswerError: none of them is a living master.
    """
    address, _ = yield from _living(masters, ui)
    answer = yield Request(f"{address}/app/?appId={quote(application_id, safe='')}")
    return read_page(answer.body)


def gone(masters: tuple[str, ...], ui: str | None, application_id: str) -> Dialogue[bool | None]:
    """Whether the master lists the application as ended; None if it does not know it, or none answers."""
    try:
        _, state = yield from _living(masters, ui)
        return _ended(state, application_id)
    except UnusableAnswerError:
        return None


def kill(masters: tuple[str, ...], ui: str | None, application_id: str) -> Dialogue[bool]:
    """Kill the application; return whether the master lists it as ended afterwards.

    Raises:
        UnusableAnswerError: no living master answered.
    """
    page, state = yield from _living(masters, ui)
    if _ended(state, application_id) is False:
        form = {"id": application_id, "terminate": "true"}
        with suppress(UnusableAnswerError):  # not this answer but the state afterwards counts
            answer = yield Request(f"{page}/app/kill/", form)
            if answer.status == _FORBIDDEN:  # since 4.3 a form carries a token of its page
                token = _TOKEN.search((yield Request(f"{page}/")).body)
                if token is not None:
                    yield Request(f"{page}/app/kill/", {**form, "csrfToken": token[1].decode()})
        state = _state((yield Request(f"{page}/json/")))
    return _ended(state, application_id) is True


def _living(masters: tuple[str, ...], ui: str | None) -> Dialogue[tuple[str, Row]]:
    """The page of the master that is alive, and its state."""
    pages = [ui.rstrip("/")] if ui else [f"http://{_host(master)}:{_UI_PORT}" for master in masters]
    reasons = []
    for page in pages:
        try:
            state = _state((yield Request(f"{page}/json/")))
        except UnusableAnswerError as error:
            reasons.append(f"{page}: {error}")
            continue
        if not ui and state.get("url") not in masters:
            reasons.append(f"{page} belongs to another master")
        elif state.get("status") != "ALIVE":
            reasons.append(f"{page} is {read.text(state, 'status', 20) or 'not a master'}")
        else:
            return page, state
    raise UnusableAnswerError(safe_text(f"no living master: {'; '.join(reasons) or 'none is known'}"))


def _host(master: str) -> str:
    host = urlsplit(master).hostname or ""
    return f"[{host}]" if ":" in host else host


def _state(answer: Answer) -> Row:
    return read.record(read.decoded(answer, _WHAT), _WHAT)


def _application(state: Row, name: str, application_id: str | None) -> Row | None:
    found = read.rows(state.get(name), _WHAT)
    return next(
        (row for row in found if application_id is not None and row.get("id") == application_id), None
    )


def _ended(state: Row, application_id: str) -> bool | None:
    if _application(state, "activeapps", application_id) is not None:
        return False
    # In neither list: the master may have forgotten it or never known it. That proves nothing.
    return True if _application(state, "completedapps", application_id) is not None else None


def _room(worker: Row) -> tuple[int, int, int, int]:
    cores, memory = read.count(worker, "cores"), read.count(worker, "memory")
    used = (read.count(worker, "coresused"), read.count(worker, "memoryused"))
    return max(0, cores - used[0]), max(0, memory - used[1]), cores, memory
