"""What is sent, once, and what is refused before anything is sent."""

from __future__ import annotations

import sys
import types
import zipfile
from pathlib import Path

import pytest

from airflow_spark_guard.job.instruments.errors import ShippingError
from airflow_spark_guard.job.instruments.executors.shipping import ship_modules


class Context:
    """What of a SparkContext is used; ``addPyFile`` itself is tested on Spark."""

    def __init__(self):
        self.files = []

    @property
    def listFiles(self):  # noqa: N802 - Spark's name
        return [f"spark://driver:1/files/{Path(file).name}" for file in self.files]

    def addPyFile(self, file):  # noqa: N802 - Spark's name
        self.files.append(file)


class Session:
    """A classic one."""

    def __init__(self):
        self.sparkContext = Context()


class ConnectSession:
    """It has no context."""

    def __init__(self):
        self.artifacts = []

    @property
    def sparkContext(self):  # noqa: N802 - Spark's name
        message = "[JVM_ATTRIBUTE_NOT_SUPPORTED]"
        raise AttributeError(message)

    def addArtifacts(self, file, *, pyfile):  # noqa: N802 - Spark's name
        self.artifacts.append((file, pyfile))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "sent_utils.py").write_text("x = 1\n")
    (tmp_path / "sent_pack").mkdir()
    (tmp_path / "sent_pack" / "__init__.py").write_text("")
    (tmp_path / "sent_pack" / "part.py").write_text("y = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("sent_")]:
        del sys.modules[name]


def contents(file):
    return zipfile.ZipFile(file).namelist()


PACK = ["sent_pack/__init__.py", "sent_pack/part.py"]


@pytest.mark.parametrize(
    ("item", "files", "names"),
    [
        ("sent_utils", ["sent_utils.py"], ("sent_utils",)),
        ("sent_pack", PACK, ("sent_pack",)),
        ("sent_pack.part", PACK, ("sent_pack",)),
        ("{folder}/sent_utils.py", ["sent_utils.py"], ("sent_utils",)),
        ("{folder}/sent_pack", PACK, ("sent_pack",)),
    ],
)
def test_names_and_paths(folder, item, files, names):
    """Of a part, its whole package."""
    session = Session()
    assert ship_modules(session, item.format(folder=folder)) == names
    (file,) = session.sparkContext.files
    assert contents(file) == files


def test_modules_and_paths_as_objects(folder):
    """All in one zip."""
    import sent_pack.part
    import sent_utils

    session = Session()
    assert ship_modules(session, sent_pack.part, sent_utils, folder / "sent_utils.py") == (
        "sent_pack",
        "sent_utils",
    )
    (file,) = session.sparkContext.files
    assert contents(file) == [*PACK, "sent_utils.py"]


def test_the_same_content_is_sent_once(folder):
    """Changed content again."""
    session = Session()
    assert ship_modules(session, "sent_utils") == ship_modules(session, "sent_utils") == ("sent_utils",)
    assert len(session.sparkContext.files) == 1
    (folder / "sent_utils.py").write_text("x = 2\n")
    ship_modules(session, "sent_utils")
    assert len(session.sparkContext.files) == 2


def test_nothing_is_sent_for_nothing():
    """A function that needs no module."""
    session = Session()
    assert ship_modules(session) == ()
    assert session.sparkContext.files == []


def test_spark_connect_gets_an_artifact(folder):
    """It has no context to add a file to."""
    session = ConnectSession()
    assert ship_modules(session, "sent_utils") == ("sent_utils",)
    ((file, pyfile),) = session.artifacts
    assert pyfile is True
    assert contents(file) == ["sent_utils.py"]


@pytest.mark.parametrize(
    ("item", "what"),
    [
        ("no_such_module", "The module cannot be sent"),
        ("", "The module cannot be sent"),
        ("sys", "The module cannot be sent"),
        ("/no/such/file.py", "The path does not exist"),
        (Path("no-such-folder"), "The path does not exist"),
    ],
)
def test_what_cannot_be_sent(folder, item, what):
    """Nor is what stands beside it."""
    session = Session()
    with pytest.raises(ShippingError, match=what):
        ship_modules(session, "sent_utils", item)
    assert session.sparkContext.files == []


def test_a_package_of_several_folders_is_refused(folder, tmp_path):
    """A namespace: it is not clear which is meant."""
    module = types.ModuleType("sent_space")
    module.__path__ = [str(tmp_path / "a"), str(tmp_path / "b")]
    module.__spec__ = types.SimpleNamespace(submodule_search_locations=module.__path__, origin=None)
    sys.modules["sent_space"] = module
    with pytest.raises(ShippingError, match="does not have one folder"):
        ship_modules(Session(), module)
