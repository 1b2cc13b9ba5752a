"""The live page's app. Each route asks Airflow who the user is and what the user may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date  # noqa: TC003 - FastAPI reads the types of parameters
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, RedirectResponse

from airflow_spark_guard.core.clock import epoch_now
from airflow_spark_guard.core.errors import RecordError
from airflow_spark_guard.core.live.request import Kind  # noqa: TC001 - as above
from airflow_spark_guard.core.text.printable import one_line
from airflow_spark_guard.plugins import access, asking, pages
from airflow_spark_guard.plugins.attempt_view import attempt_view
from airflow_spark_guard.plugins.listing import Filter
from airflow_spark_guard.plugins.origin import refusal
from airflow_spark_guard.plugins.place import Task
from airflow_spark_guard.plugins.store import Store, StoreGoneError
from airflow_spark_guard.plugins.store_mirror import Needs
from airflow_spark_guard.report.writing import NAME as REPORT

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_spark_guard.plugins.listing import Attempts

_NOT_SIGNED_IN: Final = 401
_LONGEST_ID = 1000
_ONCE = ("dag_id", "run_id", "task_id", "map_index", "try")
User = Annotated[Any, Depends(access.current_user)]
Text = Annotated[str, Query(max_length=_LONGEST_ID)]
Id = Annotated[str, Query(min_length=1, max_length=_LONGEST_ID)]
Number = Annotated[int | None, Query(alias="try", ge=0, le=10**9)]
RequestId = Annotated[str, Query(alias="id", pattern="^[0-9a-f]{32}$")]


@dataclass(frozen=True)
class Named:
    """The attempt that an address names.

    Attributes:
        dag_id: of its DAG; the user's rights are checked for it.
        task: its task instance.
        number: of the try; None for the newest.
    """

    dag_id: str
    task: Task
    number: int | None


def named(
    request: Request, dag_id: Id, run_id: Id, task_id: Id, map_index: Text = "-1", number: Number = None
) -> Named:
    """The attempt in the address, each part of which must be there once: rights are checked by ``dag_id``."""
    if dag_id == "~" or any(len(request.query_params.getlist(name)) > 1 for name in _ONCE):
        raise HTTPException(400, "dag_id, run_id and task_id must each be in the address once.")
    # Airflow leaves its placeholder as it is for a task that is not mapped.
    index = int(map_index) if map_index.isascii() and map_index.isdigit() else -1
    return Named(dag_id, Task.of_ids(dag_id, run_id, task_id, index), number)


Attempt = Annotated[Named, Depends(named)]


def build(store: Store | None = None) -> FastAPI:
    """The app.

    Args:
        store: of the records; by default the one that Airflow's option names.
    """
    app = FastAPI(title="Spark guard", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.store = store or Store()
    app.add_exception_handler(StoreGoneError, _store_is_gone)
    app.add_exception_handler(RecordError, _record_is_unfit)
    app.add_exception_handler(HTTPException, _refused)
    reads, logs = [Depends(access.READS_TASKS)], [Depends(access.READS_LOGS)]
    writes = [Depends(access.WRITES_RUNS), Depends(_sent_by_our_page)]
    app.get("/page", response_class=Response)(_list_page)
    app.get("/attempt", response_class=Response)(_attempt_page)
    app.get("/static/{name}", response_class=Response)(_static)
    app.get("/list.json", response_class=Response)(_list)
    app.get("/week.json", response_class=Response)(_week)
    app.get("/attempt.json", dependencies=reads, response_class=Response)(_attempt)
    app.get("/limits.json", dependencies=reads, response_class=Response)(_limits)
    app.get("/report", dependencies=[*reads, *logs], response_class=Response)(_report)
    app.get("/sample", dependencies=[*reads, *logs], response_class=Response)(_sample)
    app.post("/stacks", dependencies=[*writes, *logs], response_class=Response)(partial(_ask, "stacks"))
    app.post("/end", dependencies=writes, response_class=Response)(partial(_ask, "end"))
    return app


def _store(request: Request) -> Store:
    found: Store = request.app.state.store
    return found


def _page(name: str) -> Response:
    return Response(pages.content(name), media_type="text/html", headers=pages.PAGE_HEADERS)


async def _list_page(_: User) -> Response:
    return _page("list.html")


async def _attempt_page(_: User) -> Response:
    return _page("attempt.html")


async def _static(_: User, name: str) -> Response:
    if name not in pages.KINDS:
        raise HTTPException(404, "There is no such file.")
    return Response(pages.content(name), media_type=pages.KINDS[name], headers=pages.PAGE_HEADERS)


async def _list(
    request: Request, user: User, dag_id: Text = "", verdict: Text = "", day: date | None = None
) -> Response:
    dags = await run_in_threadpool(access.readable_dags, user)
    wanted = Filter(dags, dag_id, verdict, day)
    return _json(await _store(request).read(lambda _, attempts: attempts.rows(wanted)))


async def _week(request: Request, user: User, dag_id: Text = "") -> Response:
    dags = await run_in_threadpool(access.readable_dags, user)
    return _json(await _store(request).read(lambda _, attempts: attempts.week(dags, dag_id)))


async def _attempt(request: Request, user: User, attempt: Attempt) -> Response:
    def view(root: Path, _: Attempts) -> dict[str, Any]:
        return attempt_view(root, attempt.task, attempt.number)

    found = await _store(request).read(view, Needs(attempt.task))
    may_end = await run_in_threadpool(access.may_end, user, attempt.dag_id)
    return _json({**found, "may_end": may_end})


async def _limits(request: Request, attempt: Attempt) -> Response:
    needs = Needs(attempt.task, history=True)
    return _json(await _store(request).read(lambda _, attempts: attempts.limits(attempt.task), needs))


async def _report(request: Request, attempt: Attempt) -> Response:
    needs = Needs(attempt.task, attempt.number, (REPORT,))
    data = await _store(request).read(
        lambda root, _: asking.report(root, attempt.task, attempt.number), needs
    )
    return Response(data, media_type="text/html; charset=utf-8", headers=pages.REPORT_HEADERS)


async def _sample(
    request: Request,
    attempt: Attempt,
    request_id: Annotated[str, Query(alias="id", pattern="^[0-9a-f]{32}$")],
) -> Response:
    needs = Needs(attempt.task, attempt.number, (f"sample-{request_id}.txt",))
    text = await _store(request).read(
        lambda root, _: asking.sample(root, attempt.task, attempt.number, request_id), needs
    )
    return Response(text, media_type="text/plain; charset=utf-8", headers=pages.DATA_HEADERS)


async def _ask(kind: Kind, request: Request, user: User, attempt: Attempt) -> Response:
    who = access.user_name(user)
    asked = await _store(request).read(
        lambda root, _: asking.ask(root, attempt.task, attempt.number, kind, who),
        Needs(attempt.task, asks=True),
    )
    return _json({"id": asked.id, "kind": asked.kind}, 202)


def _sent_by_our_page(request: Request) -> None:
    if reason := refusal(request.headers, access.base_url()):
        raise HTTPException(403, reason)


def _json(fields: dict[str, Any], status: int = 200) -> Response:
    return JSONResponse({**fields, "now": epoch_now()}, status, headers=pages.DATA_HEADERS)


async def _store_is_gone(_: Request, error: Exception) -> Response:
    return JSONResponse({"detail": one_line(str(error), 1000)}, 503, headers=pages.DATA_HEADERS)


async def _record_is_unfit(_: Request, error: Exception) -> Response:
    return JSONResponse({"detail": one_line(str(error), 1000)}, 409, headers=pages.DATA_HEADERS)


async def _refused(request: Request, error: Exception) -> Response:
    """A page that is not signed in leads to the login; all else gets the reason."""
    status = getattr(error, "status_code", 500)
    if status == _NOT_SIGNED_IN and request.url.path.endswith(("/page", "/attempt")):
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(access.login_url(here), 307, headers=pages.PAGE_HEADERS)
    detail = one_line(str(getattr(error, "detail", "")), 1000)
    return JSONResponse({"detail": detail}, status, headers=pages.DATA_HEADERS)
