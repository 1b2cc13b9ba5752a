"""Decides where the driver runs (``client`` or ``cluster``), and whether the guard watches it.

spark-submit's own order (``SparkSubmitArguments``): the option ``--deploy-mode``, then the configuration,
then the variable ``DEPLOY_MODE`` of the environment. The provider passes the operator's ``deploy_mode`` or
the connection's extra ``deploy-mode`` as that option.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal, get_args

from airflow_spark_guard.core.cluster.managers import is_watched, titles
from airflow_spark_guard.core.conf.carried import lost_in_a_file
from airflow_spark_guard.core.conf.conf_view import manager_of
from airflow_spark_guard.core.errors import ConfError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_spark_guard.core.conf.conf_draft import ConfValue

Mode = Literal["client", "cluster"]
MODES: Final[tuple[Mode, ...]] = get_args(Mode)
KEY: Final = "spark.submit.deployMode"
VARIABLE: Final = "DEPLOY_MODE"
_SCRIPTS = {".py": "Python", ".R": "R", ".r": "R"}


@dataclass(frozen=True)
class DeployMode:
    """The mode that spark-submit will use on a master.

    Attributes:
        mode: spark-submit's name of the mode.
        is_guarded: whether the guard applies limits, kills, and decides the outcome.
        master: Spark's master URL.
        origin: the setting that decides, in words for a message.
        note: names settings of the other mode, which have no effect; empty if there are none.
    """

    mode: ClassVar[Mode] = "cluster"
    is_guarded: ClassVar[bool] = True

    master: str
    origin: str
    note: str = ""

    def check(self, application: str, *, has_environment: bool) -> None:
        """Refuse what Spark or the provider would refuse later, before a JVM is started.

        Args:
            application: the script, jar or R file.
            has_environment: whether ``env_vars`` is set.

        Raises:
            ConfError: the master, or the application on this master, does not support cluster mode.
        """

    def notes(self, conf: Mapping[str, ConfValue]) -> tuple[str, ...]:  # noqa: ARG002 - for those that have some
        """Changes to the configuration on its way to the driver, one sentence each."""
        return ()


class ClientMode(DeployMode):
    """The driver runs beside the task."""

    mode = "client"


class WatchedClusterMode(DeployMode):
    """The driver runs on a cluster whose manager the guard polls."""

    def notes(self, conf: Mapping[str, ConfValue]) -> tuple[str, ...]:
        """Spark writes the configuration into a file for its driver."""
        return lost_in_a_file(conf)


class UpstreamClusterMode(DeployMode):
    """The driver runs on a cluster, and the provider follows it."""

    is_guarded = False

    def check(self, application: str, *, has_environment: bool) -> None:
        """Refuse local masters, and on a standalone master everything but jars."""
        manager = manager_of(self.master)
        if manager not in ("local", "local-cluster", "standalone"):
            return
        got = f"deploy mode cluster, from {self.origin}; master {self.master}"
        if manager != "standalone":
            raise ConfError(
                f"The master {self.master} does not support cluster mode.",
                got=got,
                expected=f"client mode, or a master that can start a driver: {titles()}, standalone (jars)",
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


def decide(
    master: str, option: tuple[str, object], conf: Iterable[tuple[str, str]], variable: str | None
) -> DeployMode:
    """The mode that spark-submit will choose.

    Args:
        master: Spark's master URL.
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
        return ClientMode(master, "Spark's default")
    origin, mode = named[0]
    if mode not in MODES:
        raise ConfError(
            "The deploy mode is unknown.",
            got=f"{mode!r:.80} ({origin})",
            expected='"client" or "cluster"',
            advice=f"Correct {origin}.",
        )
    others = ", ".join(f"{place} says {value!r:.80}" for place, value in named[1:] if value != mode)
    note = f"Deploy mode {mode}, from {origin}; {others}, without effect (spark-submit's order)."
    cluster = WatchedClusterMode if is_watched(master) else UpstreamClusterMode
    return (cluster if mode == "cluster" else ClientMode)(master, origin, note if others else "")
