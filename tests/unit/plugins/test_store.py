"""A store that cannot be used gives the page a reason."""

from __future__ import annotations

import asyncio

import pytest

from airflow_spark_guard.core.errors import RecordError
from airflow_spark_guard.plugins.store import Store, StoreGoneError
from airflow_spark_guard.plugins.store_threads import StoreThreads


def read(store, function):
    return asyncio.run(store.read(function))


def fails(error):
    def function(*_):
        raise error

    return function


def test_the_store_is_the_folder_that_airflows_option_names(tmp_path, monkeypatch):
    """Read each time, and its attempts are kept."""
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", str(tmp_path))
    store = Store()
    root, attempts = read(store, lambda root, attempts: (root, attempts))
    assert root == attempts.root == tmp_path
    assert read(store, lambda _, again: again) is attempts
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", str(tmp_path / "other"))
    assert read(store, lambda _, again: again) is not attempts


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (FileNotFoundError(2, "gone"), "is not mounted here"),
        (PermissionError(13, "Permission denied"), "Permission denied. The API server needs the rights"),
        (OSError(116, "Stale file handle"), "Stale file handle"),
    ],
)
def test_a_store_that_is_gone_or_unreadable_says_so(tmp_path, error, text):
    """In one text for the page."""
    with pytest.raises(StoreGoneError, match=text):
        read(Store(lambda: tmp_path), fails(error))


def test_records_that_are_switched_off_say_so_and_an_unfit_record_is_no_store_that_is_gone(tmp_path):
    """Each has its own answer."""
    with pytest.raises(StoreGoneError, match="switched off"):
        read(Store(lambda: None), lambda *_: None)
    with pytest.raises(RecordError):
        read(Store(lambda: tmp_path), fails(RecordError("x")))


def test_a_store_that_hangs_says_so(tmp_path):
    """Within its patience."""
    import time

    store = Store(lambda: tmp_path, StoreThreads(patience=0.1))
    with pytest.raises(StoreGoneError, match="did not respond"):
        read(store, lambda *_: time.sleep(1))
