"""The example reports, without running them."""

import getpass
import json
import re
import sys

import pytest

from tests.support.paths import ROOT
from tests.support.reports import SUMMARY, write_record
from tools.examples.cases import EXAMPLES
from tools.examples.cleaning import cleaned, copied
from tools.faults.harness import JOBS
from tools.support.processes import MARK

FOLDER = ROOT / "docs" / "examples"
MOST = 1_500_000


def test_each_example_is_kept_with_a_picture_and_named_in_the_documentation():
    names = {f"{name}.{ending}" for name in EXAMPLES for ending in ("html", "png")}
    assert {file.name for file in FOLDER.iterdir()} == names
    text = (ROOT / "docs" / "report.md").read_text()
    assert all(f"examples/{name}" in text for name in names)
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < MOST


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_says_nothing_of_the_machine_that_made_it(name):
    html = (FOLDER / f"{name}.html").read_text()
    assert not re.search(r"(?<![\w.-])/(?:root|home|work|Users|tmp/(?!spark))|\.pyenv", html)
    assert MARK not in html


def test_what_belongs_to_a_machine_has_another_name():
    text = (
        f"{JOBS}/udf.py:47 {sys.prefix}/bin/python /tmp/spark-guard-{'0a' * 16}-x_1/job.zip "
        f"users: {getpass.getuser()};"
    )
    assert cleaned(text) == "/jobs/udf.py:47 /venv/bin/python /tmp/spark-guard/job.zip users: airflow;"
    with pytest.raises(ValueError, match="is left"):
        cleaned("see /home/ann/x")
    assert cleaned("/venv/site-packages/pyspark/app") == "/venv/site-packages/pyspark/app"


def test_a_copy_has_the_end_of_the_output_and_no_mark_of_the_harness(tmp_path):
    summary = SUMMARY | {"conf": {f"spark.executorEnv.{MARK}": "1  [conf]", "spark.a": "1  [conf]"}}
    record = write_record(tmp_path / "record", summary, output="first\n" + "x\n" * 10_000)
    copy = copied(record, tmp_path / "copy")
    assert json.loads((copy / "summary.json").read_text())["conf"] == {"spark.a": "1  [conf]"}
    assert len((copy / "output.log").read_text()) < 8_000
    assert "autopsy.txt" not in {file.name for file in copy.iterdir()}
