"""One store, by few requests; each of its errors is an OSError that is safe to show."""

from __future__ import annotations

import datetime as dt

import pytest
from fsspec.implementations.local import LocalFileSystem

from airflow_spark_guard.process.object_store import ObjectStore
from tests.support.object_stores import ROOT, Objects, object_store


@pytest.fixture(params=["objects", "folders"])
def store(request, tmp_path):
    """In memory, and a file system with real folders, which have to be made."""
    if request.param == "objects":
        return object_store()
    return ObjectStore(LocalFileSystem(), str(tmp_path / "records"))


def test_what_is_written_is_listed_read_copied_and_removed(store, tmp_path):
    store.write("a/b/one", b"1")
    (tmp_path / "local").write_bytes(b"22")
    store.put("a/c/two", tmp_path / "local")
    found = {one.key: one for one in store.files()}
    assert {key: one.size for key, one in found.items()} == {"a/b/one": 1, "a/c/two": 2}
    assert all(abs(one.written - dt.datetime.now(dt.UTC).timestamp()) < 60 for one in found.values())
    assert [one.key for one in store.files("a/b")] == ["a/b/one"]
    assert (store.folders(), store.folders("a")) == (["a"], ["b", "c"])
    assert store.read("a/c/two") == b"22"
    store.get("a/b/one", tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == b"1"
    store.remove(["a/b/one", "a/c/two"])
    assert list(store.files()) == []


def test_another_content_is_another_version(store):
    store.write("a/x", b"1")
    (before,) = store.files()
    store.write("a/x", b"12")
    (after,) = store.files()
    assert before.version != after.version


def test_several_are_read_at_once_and_what_is_missing_is_an_error_of_its_own(store):
    store.write("a/x", b"1")
    found = store.read_all(["a/x", "a/y"])
    assert found["a/x"] == b"1"
    assert isinstance(found["a/y"], FileNotFoundError)
    assert dict(store.read_all([])) == {}
    assert dict(store.read_all(["a/x"])) == {"a/x": b"1"}


def test_a_place_without_anything_is_empty_and_its_objects_do_not_exist(store):
    assert (list(store.files("nothing")), list(store.folders("nothing"))) == ([], [])
    with pytest.raises(FileNotFoundError):
        store.read("nothing")
    store.remove(["nothing"])


@pytest.mark.parametrize(
    ("raised", "kind", "text"),
    [
        (PermissionError("Access Denied"), PermissionError, "Access Denied"),
        (RuntimeError("Could not connect\nto http://user:secret-1@host"), OSError, "Could not connect"),
        (KeyError(), OSError, "KeyError"),
    ],
)
def test_errors_of_the_client_are_of_one_kind_and_safe_to_show(raised, kind, text):
    objects = Objects()
    objects.error = raised
    with pytest.raises(kind) as caught:
        object_store(objects).files()
    assert text in caught.value.strerror
    assert "secret-1" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_it_is_read_anew_each_time_and_not_from_the_clients_cache():
    """Another process has written meanwhile."""
    objects = Objects()
    forgotten = []
    objects.invalidate_cache = forgotten.append
    object_store(objects).files("a")
    object_store(objects).folders("a")
    assert forgotten == [f"{ROOT}/a"] * 2


@pytest.mark.parametrize(
    ("info", "written"),
    [
        ({"LastModified": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}, 1767225600.0),
        ({"updated": "2026-01-01T00:00:00Z"}, 1767225600.0),
        ({"created": dt.datetime(2026, 1, 1)}, 1767225600.0),  # noqa: DTZ001 - as some clients do
        ({"mtime": 5.5}, 5.5),
        ({"updated": "soon"}, 0.0),
        ({}, 0.0),
    ],
)
def test_the_time_of_an_object_has_several_names(info, written):
    objects = Objects()
    objects.find = lambda *_, **__: {f"{ROOT}/a/x": {"size": 1, "ETag": "e", **info}}
    (found,) = object_store(objects).files()
    assert (found.key, found.written, found.version) == ("a/x", written, f"e/1/{written}")
