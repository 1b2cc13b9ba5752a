import time

from airflow_spark_guard.testing.fake_driver import FakeDriver


def ended(driver):
    for _ in range(500):
        if driver.exit_code is not None:
            return driver.exit_code
        time.sleep(0.02)
    return None


def test_a_script_runs_with_its_files_and_its_environment(tmp_path):
    """In a folder of its own, after the originals are gone."""
    (tmp_path / "main.py").write_text(
        "import os, sys, extra\nprint(open('data').read(), os.environ['X'], sys.argv[1:])\nsys.exit(3)"
    )
    (tmp_path / "data").write_text("of the file")
    (tmp_path / "extra.py").touch()
    driver = FakeDriver(
        [str(tmp_path / "main.py"), "a"],
        {"X": "1"},
        [f"file://{tmp_path / 'data'}"],
        [str(tmp_path / "extra.py")],
    )
    for file in tmp_path.iterdir():
        file.unlink()
    assert ended(driver) == 3
    assert driver.log.endswith("of the file 1 ['a']\n")
    driver.close()
    assert not driver.folder.exists()


def test_it_is_killed_with_what_it_has_started(tmp_path):
    """Nothing of it stays."""
    (tmp_path / "main.py").write_text("import subprocess; subprocess.run(['sleep', '60'])")
    driver = FakeDriver([str(tmp_path / "main.py")], {}, [], [])
    time.sleep(0.3)
    driver.kill()
    assert driver.exit_code == -9
    driver.close()
