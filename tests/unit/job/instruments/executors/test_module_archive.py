"""Python sources as one zip: what goes in, what is refused, and that equal content is an equal file."""

from __future__ import annotations

import os
import zipfile

import pytest

from airflow_spark_guard.job.instruments.errors import ShippingError
from airflow_spark_guard.job.instruments.executors import module_archive
from airflow_spark_guard.job.instruments.executors.module_archive import name_of, sources_of, write_archive


@pytest.fixture
def package(tmp_path):
    root = tmp_path / "pack"
    for name in (
        "__init__.py",
        "sub/part.py",
        "tests/test_x.py",
        "__pycache__/a.py",
        ".git/hook.py",
        "data.csv",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"# {name}\n")
    return root


def test_sources_and_nothing_else(package, tmp_path):
    """No tests, caches, hidden folders and data."""
    assert sources_of(package) == {
        "pack/__init__.py": b"# __init__.py\n",
        "pack/sub/part.py": b"# sub/part.py\n",
    }
    single = tmp_path / "single.py"
    single.write_text("x = 1\n")
    assert sources_of(single) == {"single.py": b"x = 1\n"}


def test_equal_content_is_an_equal_file(package, tmp_path):
    """Wherever it lies, and whenever it was written."""
    sources = sources_of(package)
    first, second = tmp_path / "1", tmp_path / "2"
    first.mkdir()
    second.mkdir()
    one = write_archive(first, sources)
    os.utime(package / "__init__.py", (1, 1))
    other = write_archive(second, dict(reversed(sources_of(package).items())))
    assert one.read_bytes() == other.read_bytes()
    assert one.name == other.name == name_of(sources)
    assert zipfile.ZipFile(one).namelist() == ["pack/__init__.py", "pack/sub/part.py"]
    (package / "__init__.py").write_text("changed\n")
    assert name_of(sources_of(package)) != one.name


def test_the_name_follows_from_names_and_contents_apart():
    """What moves from one to the other is other content."""
    assert len({name_of({"a.py": b"b"}), name_of({"a.pyb": b""}), name_of({"a": b".pyb"})}) == 3


def test_a_folder_without_python_files(tmp_path):
    """It may be the folder above a package."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(ShippingError, match="The folder has no Python files") as raised:
        sources_of(tmp_path / "empty")
    assert str(raised.value) == (
        "The folder has no Python files.\n"
        f"  got: {tmp_path / 'empty'}\n"
        "  expected: a package: a folder with __init__.py or other files .py\n"
        "  do: Pass the folder of the package itself, not one above or below it."
    )


@pytest.mark.parametrize("name", ["fast.cpython-311-x86_64-linux-gnu.so", "fast.pyd", "fast.dylib"])
def test_compiled_code_is_refused(package, name):
    """As a part of a package, and as a file."""
    (package / "sub" / name).write_bytes(b"\x7fELF")
    for path in (package, package / "sub" / name):
        with pytest.raises(ShippingError, match="A compiled extension cannot be sent") as raised:
            sources_of(path)
        assert "install the package on executors" in raised.value.advice


def test_another_file_is_refused(package):
    """With Spark's own way for it."""
    with pytest.raises(ShippingError, match="The file is not Python source"):
        sources_of(package / "data.csv")


def test_a_symlink_out_of_the_package_is_refused(package, tmp_path):
    """Of a file and of a folder; one within the package is its target."""
    (tmp_path / "secret.py").write_text("key = 1\n")
    (package / "same.py").symlink_to(package / "__init__.py")
    assert sources_of(package)["pack/same.py"] == b"# __init__.py\n"
    (package / "out.py").symlink_to(tmp_path / "secret.py")
    with pytest.raises(ShippingError, match="symlink"):
        sources_of(package)
    (package / "out.py").unlink()
    (package / "out").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(ShippingError, match="symlink"):
        sources_of(package)


def test_the_size_is_bounded(package, monkeypatch):
    """In files and in bytes, with figure and limit."""
    monkeypatch.setattr(module_archive, "MOST_FILES", 1)
    with pytest.raises(ShippingError, match="too large") as raised:
        sources_of(package)
    assert raised.value.got.startswith("2 files in ")
    assert raised.value.expected == "at most 1 files"
    monkeypatch.setattr(module_archive, "MOST_FILES", 9)
    monkeypatch.setattr(module_archive, "MOST_BYTES", 20)
    with pytest.raises(ShippingError, match="too large") as raised:
        sources_of(package)
    assert raised.value.got.startswith("28 bytes in ")
    assert raised.value.expected == "at most 20 bytes"


def test_a_file_that_cannot_be_read(package):
    """A link to nothing."""
    (package / "gone.py").symlink_to(package / "nothing.py")
    with pytest.raises(ShippingError, match="cannot be read"):
        sources_of(package)
