import sys
import types

import pytest

from airflow_spark_guard.job.stores import FolderStore, HadoopStore, store_of


@pytest.mark.parametrize("form", ["{}", "file:{}", "file://{}"])
def test_a_folder_of_this_machine_is_made_and_gets_whole_files(form, tmp_path):
    """A path, or a URL of one."""
    store = store_of(form.format(tmp_path / "a" / "b"))
    assert isinstance(store, FolderStore)
    assert store.is_ready(urgent=False)
    store.write("x.jsonl", b"1")
    store.write("x.jsonl", b"2")
    assert [(file.name, file.read_bytes()) for file in (tmp_path / "a" / "b").iterdir()] == [
        ("x.jsonl", b"2")
    ]


@pytest.mark.parametrize("url", ["hdfs://nn/x", "s3a://bucket/x", "abfss://c@a.dfs.core.windows.net/x"])
def test_any_other_url_is_hadoops(url):
    """Whatever the job can read and write."""
    assert isinstance(store_of(url), HadoopStore)


class Java:
    """As much of a JVM as a store uses."""

    def __init__(self) -> None:
        self.files, self.renames, self.made = {}, True, []
        java = self

        class Path:
            def __init__(self, *parts) -> None:
                self.text = "/".join(part if isinstance(part, str) else part.text for part in parts)

            def getFileSystem(self, conf):  # noqa: N802 - Java's name
                assert conf == "the job's own"
                return java

        fs = types.SimpleNamespace(Path=Path)
        util = types.SimpleNamespace(get=lambda: types.SimpleNamespace(conf=lambda: "the job's own"))
        self.org = types.SimpleNamespace(
            apache=types.SimpleNamespace(
                hadoop=types.SimpleNamespace(fs=fs),
                spark=types.SimpleNamespace(deploy=types.SimpleNamespace(SparkHadoopUtil=util)),
            )
        )

    def mkdirs(self, path):
        self.made.append(path.text)

    def create(self, path, overwrite):
        assert overwrite
        written = self.files.setdefault(path.text, [])
        return types.SimpleNamespace(write=written.append, close=lambda: written.append(b"."))

    def rename(self, old, new):
        if self.renames:
            self.files[new.text] = self.files.pop(old.text)
        return self.renames


def context(monkeypatch, jvm):
    module = types.ModuleType("pyspark.core.context")
    module.SparkContext = types.SimpleNamespace(_jvm=jvm)
    monkeypatch.setitem(sys.modules, "pyspark.core.context", module)


def test_a_file_is_written_under_another_name_first(monkeypatch):
    """Nobody sees half of it."""
    java = Java()
    context(monkeypatch, java)
    store = HadoopStore("hdfs://nn/x/")
    assert store.is_ready(urgent=False)
    store.write("a.jsonl", b"1")
    store.write("b.jsonl", b"2")
    assert java.files == {"hdfs://nn/x/a.jsonl": [b"1", b"."], "hdfs://nn/x/b.jsonl": [b"2", b"."]}
    assert java.made == ["hdfs://nn/x"]


def test_a_file_that_cannot_be_put_into_place_is_an_error(monkeypatch):
    """Hadoop answers false."""
    java = Java()
    java.renames = False
    context(monkeypatch, java)
    store = HadoopStore("hdfs://nn/x")
    store.is_ready(urgent=False)
    with pytest.raises(OSError, match="could not be renamed into place"):
        store.write("a.jsonl", b"1")


def test_before_the_script_has_a_context_it_is_not_ready(monkeypatch):
    """Nor is a context made for it."""
    for name in ("pyspark.core.context", "pyspark.context"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert not HadoopStore("hdfs://nn/x").is_ready(urgent=False)
    context(monkeypatch, None)
    assert not HadoopStore("hdfs://nn/x").is_ready(urgent=False)


def test_without_spark_submit_there_is_no_jvm_at_all(monkeypatch):
    """It says so, and does not wait."""
    for name in ("pyspark.core.context", "pyspark.context"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.delenv("PYSPARK_GATEWAY_PORT", raising=False)
    with pytest.raises(OSError, match="was not started by spark-submit"):
        HadoopStore("hdfs://nn/x").is_ready(urgent=True)
