"""Decides between the deploy modes ``client`` and ``cluster``.

spark-submit's own order (``SparkSubmitArguments``): the option ``--deploy-mode``, then the configuration,
then the variable ``DEPLOY_MODE`` of the environment. The provider passes the operator's ``deploy_mode`` or
the connection's extra ``deploy-mode`` as that option.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, cast

from airflow_spark_guard.core.conf.conf_view import manager_of
from airflow_spark_guard.core.errors import ConfError

if TYPE_CHECKING:
    from collections.abc import Iterable

Mode = Literal["client", "cluster"]
KEY: Final = "spark.submit.deployMode"
VARIABLE: Final = "DEPLOY_MODE"
_SCRIPTS = {".py": "Python", ".R": "R", ".r": "R"}


@dataclass(frozen=True)
class DeployMode:
    """The mode that spark-submit will use.

    Attributes:
        mode: ``client`` or ``cluster``.
        origin: the setting that decides, in words for a message.
        note: names settings of the other mode, which have no effect; empty if there are none.
    """

    mode: Mode
    origin: str
    note: str = ""


def decide(option: tuple[str, object], conf: Iterable[tuple[str, str]], variable: str | None) -> DeployMode:
    """The mode that spark-submit will choose.

    Args:
        option: (origin, value) of ``--deploy-mode``; the value is None if it is not set. An extra of a
            connection may have any JSON type.
        conf: (origin, value) of ``spark.submit.deployMode``, lowest priority first.
        variable: ``DEPLOY_MODE`` in the job's environment.

    Raises:
        ConfError: a value that is neither ``client`` nor ``cluster``.
    """
    named = [
        (place, str(value).strip())
        for place, value in (
            option,
            *reversed([(f"{KEY} in {place}", value) for place, value in conf]),
            (f"the environment variable {VARIABLE}", variable),
        )
        if value and str(value).strip()
    ]
    if not named:
        return DeployMode("client", "Spark's default")
    origin, mode = named[0]
    if mode not in ("client", "cluster"):
        raise ConfError(
            "The deploy mode is unknown.",
            got=f"{mode!r:.80} ({origin})",
            expected='"client" or "cluster"',
            advice=f"Correct {origin}.",
        )
    others = ", ".join(f"{place} says {value!r:.80}" for place, value in named[1:] if value != mode)
    note = f"Deploy mode {mode}, from {origin}; {others}, without effect (spark-submit's order)."
    return DeployMode(cast("Mode", mode), origin, note if others else "")


def check_mode(found: DeployMode, master: str, application: str, *, has_environment: bool) -> None:
    """Refuse what Spark or the provider would refuse later, before a JVM is started.

    Args:
        found: the mode.
        master: Spark's master URL.
        application: the script, jar or R file.
        has_environment: whether ``env_vars`` is set.

    Raises:
        ConfError: the master, or the application on this master, does not support cluster mode.
    """
    manager = manager_of(master)
    if found.mode == "client" or manager not in ("local", "local-cluster", "standalone"):
        return
    got = f"deploy mode cluster, from {found.origin}; master {master}"
    if manager != "standalone":
        raise ConfError(
            f"The master {master} does not support cluster mode.",
            got=got,
            expected="client mode, or a master that can start a driver: YARN, Kubernetes, standalone (jars)",
            advice='Set deploy_mode="client", or use another connection.',
        )
    language = next((name for ending, name in _SCRIPTS.items() if application.endswith(ending)), "")
    if language:
        raise ConfError(
            f"Spark does not run {language} applications in cluster mode on a standalone master.",
            got=got,
            expected="client mode, or a jar",
            advice='Set deploy_mode="client": the driver then runs beside the task, under the guard.',
        )
    if has_environment:
        raise ConfError(
            "env_vars does not reach the driver in cluster mode on a standalone master.",
            got=got,
            expected="no env_vars",
            advice="Remove env_vars: use application_args, or conf spark.executorEnv.NAME for executors.",
        )
