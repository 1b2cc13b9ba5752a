"""Airflow, the Spark provider, the connection, and this package's options in Airflow."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, ClassVar, Final

from airflow_spark_guard.cli.checks import cluster
from airflow_spark_guard.cli.checks.check import Check
from airflow_spark_guard.cli.checks.setup import DEFAULT_CONNECTION
from airflow_spark_guard.cli.work.conf import installed_spark
from airflow_spark_guard.cli.work.distributions import numbers
from airflow_spark_guard.core.errors import ConnectionMissingError, SparkGuardError
from airflow_spark_guard.provider_info import get_provider_info

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from airflow_spark_guard.cli.checks.check import Line
    from airflow_spark_guard.cli.checks.setup import Setup

OLDEST: Final = {"apache-airflow": "3.1.8", "apache-airflow-providers-apache-spark": "6.3.4"}
_SECTION: Final = "spark_guard"
_VARIABLE: Final = f"AIRFLOW__{_SECTION.upper()}__"
# Of a process with Airflow: seconds to import it on a slow machine.
_IMPORT: Final = 60.0
_MISSING: Final = "There is no Airflow connection"
_ELSEWHERE: Final = (
    "Or name another one with --connection; without access to Airflow's database, as on some workers, name "
    "the master with --master."
)


class _OldestVersion(Check):
    distribution: ClassVar[str]

    def look(self, setup: Setup) -> Iterable[Line]:
        """Its version against the oldest that is supported."""
        version, oldest = setup.version(self.distribution), OLDEST[self.distribution]
        fix = f"pip install '{self.distribution}>={oldest}'"
        if not version:
            return [self.error(f"{self.distribution} is not installed.", fix)]
        if numbers(version) < numbers(oldest):
            what = f"{self.distribution} {version} is older than supported (oldest: {oldest})."
            return [self.error(what, fix)]
        return [self.ok(f"{self.distribution} {version}")]


class AirflowCheck(_OldestVersion):
    """Airflow's version."""

    name = "Airflow"
    distribution = "apache-airflow"


class SparkProviderCheck(_OldestVersion):
    """The Spark provider's version."""

    name = "Spark provider"
    distribution = "apache-airflow-providers-apache-spark"


class ConnectionCheck(Check):
    """The Airflow connection: whether it exists, and whether Airflow, provider and Spark can read it."""

    name = "connection"
    limit = _IMPORT

    def look(self, setup: Setup) -> Iterable[Line]:
        """Sets ``setup.cluster``, which later checks use."""
        if setup.master and not setup.connection:
            setup.cluster = cluster.of_master(setup.master, installed_spark())
            return [self.ok("not read, since --master names the master")]
        if not setup.uses_airflow:
            what = "not read: no Airflow is configured here (AIRFLOW_HOME); name one with --connection"
            return [self.ok(what)]
        name = setup.connection or DEFAULT_CONNECTION
        try:
            setup.cluster, remarks = cluster.of_connection(name, installed_spark())
        except ConnectionMissingError as error:
            if not error.what.startswith(_MISSING):
                raise
            made = self.error if setup.connection else self.warning
            return [made(error.what, f"{error.advice} {_ELSEWHERE}")]
        if setup.master:
            setup.cluster.master = cluster.of_master(setup.master, installed_spark()).master
        found = self.ok(f"{name}: master {setup.cluster.master}")
        return [found, *(self.warning(text, "Correct its name, or remove it.") for text in remarks)]


class OptionsCheck(Check):
    """This package's options in Airflow's configuration: names without effect, values that cannot be read."""

    name = "options"
    limit = _IMPORT

    def look(self, setup: Setup) -> Iterable[Line]:
        """Those of the environment without Airflow, all others with it."""
        given = {name.removeprefix(_VARIABLE).lower() for name in setup.env if name.startswith(_VARIABLE)}
        lines = []
        if setup.uses_airflow:
            from airflow.providers.common.compat.sdk import conf  # noqa: PLC0415 - it imports Airflow

            given |= {name.lower() for name in conf.getsection(_SECTION) or {}}
            lines = list(self._unreadable())
        known = set(get_provider_info()["config"][_SECTION]["options"])
        for name in sorted(given - known - {f"{one}{end}" for one in known for end in ("_cmd", "_secret")}):
            near = difflib.get_close_matches(name, known, n=1)
            fix = f"Did you mean {near[0]}?" if near else f"Remove it. Known: {', '.join(sorted(known))}."
            lines.append(self.warning(f"[{_SECTION}] {name} has no effect: there is no such option.", fix))
        return lines or [self.ok(f"[{_SECTION}]: every option is known and can be read")]

    def _unreadable(self) -> Iterator[Line]:
        from airflow_spark_guard.hooks import settings  # noqa: PLC0415 - it imports Airflow

        readers: tuple[Callable[[], object], ...] = (
            settings.record_root,
            settings.record_max_age,
            settings.record_max_size,
            settings.spark_log_level,
            settings.on_finding,
            settings.pages,
            settings.deployment,
        )
        for read in readers:
            try:
                read()
            except SparkGuardError as error:
                yield self.of(error)
