"""Finds the id of an application by its name: asks every server that may know it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import EpochTime, epoch_now
from airflow_spark_guard.core.errors import ApplicationError
from airflow_spark_guard.core.web import history_rest, master_json
from airflow_spark_guard.core.web.snapshot import Snapshot
from airflow_spark_guard.sources.blocking import waiting
from airflow_spark_guard.sources.http import MAX_BODY, MAX_BODY_IN_TRIGGER, HttpSource
from airflow_spark_guard.sources.remote import Silent, answer_of, open_to_all, opened

if TYPE_CHECKING:
    from airflow_spark_guard.core.remote.target import Target
    from airflow_spark_guard.core.web.answer import Dialogue
    from airflow_spark_guard.sources.remote import AccessFor

    Question = tuple[str, str, Dialogue[tuple[str, ...]]]

_SHOWN = 10
_HISTORY = "history server"


async def find_application(
    target: Target,
    access_for: AccessFor = open_to_all,
    *,
    since: EpochTime,
    timeout: float = 5.0,  # noqa: ASYNC109 - of one silence
) -> Snapshot:
    """A snapshot with the id of the application of the target's name, or the reasons why it is not known.

    Args:
        target: with a name.
        access_for: the access to a server, by its address.
        since: an application that ended before this time is an earlier run.
        timeout: longest silence of a server, in seconds; one question may take three times that.

    Raises:
        ApplicationError: several running applications have the name; the message lists them.
    """
    silent: Silent = {}
    async with AsyncExitStack() as stack:
        for witness, url, dialogue in _questions(target, since):
            # A history server lists every application that it keeps.
            size = MAX_BODY if witness == _HISTORY else MAX_BODY_IN_TRIGGER
            source = opened(HttpSource, url, timeout=timeout, access=access_for(url), max_body=size)
            stack.push_async_callback(source.aclose)
            ids = await answer_of(silent, witness, source, dialogue)
            if ids is not None and len(ids) > 1:
                raise _ambiguous(target.name, witness, ids)
            if ids:
                return Snapshot(epoch_now(), ids[0])
            silent.setdefault(witness, f"knows no running application named {target.name!r}")
    return Snapshot(epoch_now(), silent=tuple(silent.items()))


find = waiting(find_application)  # for blocking callers


def _questions(target: Target, since: EpochTime) -> list[Question]:
    questions: list[Question] = []
    if target.driver_ui:
        questions.append(("driver", target.driver_ui, history_rest.named(target.name, since, driver=True)))
    if target.master or target.master_ui:
        masters = master_json.addresses(target.master)
        dialogue = master_json.named(masters, target.master_ui or None, target.name, since)
        questions.append(("master", target.master_ui, dialogue))
    # Event logs of killed drivers stay open: a history server is asked only if no other server can be.
    if target.history_server and not questions:
        questions.append((_HISTORY, target.history_server, history_rest.named(target.name, since)))
    return questions


def _ambiguous(name: str, witness: str, ids: tuple[str, ...]) -> ApplicationError:
    shown = ", ".join(ids[:_SHOWN]) + (f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else "")
    return ApplicationError(
        f"Several running applications are named {name!r}.",
        got=f"the {witness} lists {shown}",
        expected="one",
        advice="Give application_id= of the right one, or give each application its own name.",
    )
