"""The plugin is light until the API server asks for its app."""

from __future__ import annotations

import subprocess
import sys
import tomllib

from airflow_spark_guard.plugins.spark_guard_plugin import PREFIX, SparkGuardPlugin
from tests.support.paths import ROOT


def test_it_imports_no_web_framework():
    """DAG processors and workers load plugins too."""
    code = (
        "import sys\n"
        "import airflow.plugins_manager\nairflow_has = set(sys.modules)\n"
        "import airflow_spark_guard.plugins.spark_guard_plugin as m; m.SparkGuardPlugin()\n"
        "new = set(sys.modules) - airflow_has\n"
        "print(sorted(name for name in new if not name.startswith('airflow_spark_guard.plugins')))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] in {"[]", "['airflow_spark_guard']"}


def test_the_entry_point_leads_to_it():
    """Airflow loads no plugin of a provider by its provider info."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (value,) = project["entry-points"]["airflow.plugins"].values()
    assert value == f"{SparkGuardPlugin.__module__}:{SparkGuardPlugin.__qualname__}"


def test_views_lead_into_the_app_below_any_base_url():
    """Without a leading slash, each with a route of its own."""
    routes = [view["url_route"] for view in SparkGuardPlugin.external_views]
    assert len(set(routes)) == len(routes) == 2
    plugin = SparkGuardPlugin()
    (found,) = plugin.fastapi_apps
    assert plugin.fastapi_apps[0] is found
    assert found["url_prefix"] == PREFIX
    paths = {route.path for route in found["app"].routes}
    for view in SparkGuardPlugin.external_views:
        assert view["href"].startswith(f"{PREFIX[1:]}/")
        assert view["href"].partition("?")[0].removeprefix(PREFIX[1:]) in paths


def test_airflow_accepts_the_views(airflow_db):
    """By its own check of a plugin's views."""
    from airflow.api_fastapi.core_api.datamodels.plugins import ExternalViewResponse

    for view in SparkGuardPlugin.external_views:
        found = ExternalViewResponse.model_validate(view)
        assert (found.name, found.destination) == ("Spark guard", view["destination"])
