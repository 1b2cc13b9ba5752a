"""A named set of Spark settings against hanging, with the user's changes."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.conf import properties
from airflow_spark_guard.core.conf.conf_check import check_user_conf
from airflow_spark_guard.core.conf.conf_table import PROFILES, SETTINGS, profile_settings
from airflow_spark_guard.core.conf.effective_conf import PROFILE, EffectiveConf, Layer, effective_conf
from airflow_spark_guard.core.errors import ProfileError
from airflow_spark_guard.core.template import is_template, render
from airflow_spark_guard.core.text.masking import mask

if TYPE_CHECKING:
    from airflow_spark_guard.core.conf.effective_conf import ConfValue

OVERRIDES = "SparkProfile.overrides"


@dataclass(frozen=True, repr=False)
class SparkProfile:
    """A profile and changes to it. Both fields are templated.

    Templates are checked when the task has rendered them, other values at once.

    Attributes:
        name: ``"default"``, ``"ml-training"``, ``"strict"`` or ``"none"``; ``docs/profiles.md`` lists them.
        overrides: Spark conf on top of the profile, below the connection and ``conf=``.

    Raises:
        ProfileError: the profile does not exist.
        ConfError: an override has the wrong type or unit.
    """

    name: str = "default"
    overrides: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if _is_final(self.name):
            _check_name(self.name)
        if _is_final(self.overrides):
            _check_mapping(self.overrides)
            object.__setattr__(self, "overrides", dict(self.overrides))
            check_user_conf({k: v for k, v in self.overrides.items() if _is_final(v)}, OVERRIDES)

    @classmethod
    def of(cls, value: SparkProfile | str | None) -> SparkProfile:
        """Create a profile from what a user may pass: a profile, its name, or None for the default one."""
        if isinstance(value, cls):
            return value
        return cls() if value is None else cls(name=value)  # type: ignore[arg-type] # checked by the class

    @classmethod
    def check_literal(cls, value: object) -> None:
        """Check a value in the DAG file; templates and results of other tasks are checked once rendered.

        Raises:
            ProfileError: the profile does not exist.
        """
        cls.of(value)  # type: ignore[arg-type] # checked by the class

    def resolve(self, context: Mapping[str, Any]) -> SparkProfile:
        """Return a new object with every template rendered and checked. Airflow's templater calls this."""
        return replace(self, **render({"name": self.name, "overrides": self.overrides}, context))

    def serialize(self) -> dict[str, Any]:
        """The rendered field as Airflow's UI and API show it; secrets are masked."""
        shown = self.overrides
        if isinstance(shown, Mapping):
            return {"name": str(self.name), "overrides": {k: mask(k, str(v)) for k, v in shown.items()}}
        return {"name": str(self.name), "overrides": str(shown)}

    def effective(
        self,
        *layers: Layer,
        spark_version: tuple[int, ...] | None = None,
        deadline: float | None = None,
        python: bool = True,
        stall: float | None = None,
    ) -> EffectiveConf:
        """The conf of an attempt: the profile, its overrides, and the layers above, lowest priority first.

        Args:
            layers: properties file, connection, ``conf=``, each checked by ``check_user_conf``.
            spark_version: such as ``(4, 2)``; None if unknown.
            deadline: seconds that the attempt may take; None leaves out the JVM's own backstop.
            python: whether the application is a Python script.
            stall: ``stall_timeout`` in seconds; None for the default one.
        """
        own = profile_settings(self.name, spark_version, deadline, python=python, stall=stall)
        return effective_conf(own, Layer(OVERRIDES, check_user_conf(self.overrides, OVERRIDES)), *layers)

    def settings(
        self, spark_version: tuple[int, ...] | None = None, deadline: float | None = None
    ) -> dict[str, str]:
        """Key -> value of the profile with its overrides; arguments as for :meth:`effective`."""
        return self.effective(spark_version=spark_version, deadline=deadline).plain()

    def to_defaults_conf(self, spark_version: tuple[int, ...] = (4, 2), deadline: float | None = None) -> str:
        """The settings as a ``spark-defaults.conf``, each key below its reason. Secrets are not masked."""
        found = self.effective(spark_version=spark_version, deadline=deadline)
        return "\n".join(
            [f"# Profile {self.name}, for Spark {'.'.join(map(str, spark_version[:2]))}.\n"]
            + [f"# {_reason(k, v)}\n{properties.render({k: v.value})}" for k, v in found.values.items()]
        )

    def __repr__(self) -> str:
        shown = self.serialize()
        extra = f", overrides={shown['overrides']!r}" if shown["overrides"] else ""
        return f"SparkProfile({shown['name']!r}{extra})"


def _reason(key: str, found: ConfValue) -> str:
    return SETTINGS[key].reason if found.origin == PROFILE else f"Set by {found.origin}."


def _is_final(value: object) -> bool:
    return not is_template(value) and not hasattr(value, "resolve")


def _check_name(name: object) -> None:
    if name in PROFILES:
        return
    near = difflib.get_close_matches(str(name), PROFILES, n=1)
    raise ProfileError(
        "Unknown Spark profile.",
        got=repr(name),
        expected=f"one of {', '.join(PROFILES)}",
        advice=f"Did you mean {near[0]!r}?" if near else "Use one of them, or leave it out.",
    )


def _check_mapping(overrides: object) -> None:
    if not isinstance(overrides, Mapping):
        raise ProfileError(
            "SparkProfile.overrides is not valid.",
            got=type(overrides).__name__,
            expected="a mapping of Spark's keys to values",
            advice='Write overrides={"spark.x": "y"}.',
        )
