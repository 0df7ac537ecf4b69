"""What needs more memory than DuckDB may use goes to disk, and the build goes on."""

import yaml
from dbt.adapters.duckdb import environments
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from jinja2 import Template

from pipelines.transform import DBT_PROJECT

SORTED = (
    "create table sorted as select hash(range) as a, md5(cast(range as varchar)) as b from range(1000000) order by a"
)


def test_a_model_that_spills_leaves_connections_to_the_models_after_it(tmp_path):
    said = {"ASSAY_HOME": str(tmp_path), "ASSAY_DUCKDB_MEMORY": "64MB"}
    profile = Template((DBT_PROJECT / "profiles.yml").read_text()).render(env_var=said.get, var=lambda _, other: other)
    output = yaml.safe_load(profile)["assay"]["outputs"]["duckdb"]
    credentials = DuckDBCredentials.from_dict({"database": "warehouse", "schema": "main", **output})
    environment = environments.create(credentials)
    first = environment.handle()
    first.cursor().execute("set threads = 2")
    first.cursor().execute(SORTED)
    assert (tmp_path / "spill").is_dir(), "it is made when memory does not suffice"
    second = environment.handle()
    assert second.cursor().execute("select count(*) from sorted").fetchone() == (1000000,)
    for handle in (second, first):
        handle.close()
