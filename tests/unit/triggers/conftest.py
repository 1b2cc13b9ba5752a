"""Triggers without a scheduler around them have nothing to wait for."""

from __future__ import annotations

import pytest

from airflow_spark_guard.triggers import handing_back


@pytest.fixture(autouse=True)
def settled(monkeypatch):
    """Events come as soon as they are known."""
    monkeypatch.setattr(handing_back, "SETTLED", 0.0)
