"""An exception on its way out: without the secret values that this process knows."""

from __future__ import annotations

from airflow_spark_guard.core.text.masking import mask_known


def without_secrets(error: BaseException) -> None:
    """Mask what the exception says, in its attributes and its arguments; it stays the same object."""
    for name, value in vars(error).items():
        masked = mask_known(value)
        if masked is not value:
            setattr(error, name, masked)
    error.args = mask_known(error.args)
