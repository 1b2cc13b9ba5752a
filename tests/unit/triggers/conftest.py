"""Triggers without a scheduler around them have nothing to wait for."""

from __future__ import annotations

import pytest

from airflow_spark_guard.triggers import deferral_guard


@pytest.fixture(autouse=True)
def settled(monkeypatch):
    """Events come as soon as they are known."""
    monkeypatch.setattr(deferral_guard, "SETTLED", 0.0)
