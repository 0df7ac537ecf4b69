"""Opens the warehouse to write. A new file is of the format of the DuckDB that is pinned.

By itself DuckDB makes files that its oldest releases can read, for which it takes twice the time to write texts. Files
of that format stay as they are; nobody but Assay opens the warehouse, other readers have the exports.
"""

from __future__ import annotations

import duckdb

from pipelines.resources import Settings


def open_warehouse(settings: Settings) -> duckdb.DuckDBPyConnection:
    """The warehouse of `settings`, made where there is none; profiles.yml has the same for dbt."""
    return duckdb.connect(str(settings.warehouse), config={"storage_compatibility_version": "latest"})
