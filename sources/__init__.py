"""Talk to systems: one folder each, plus the kernel they share. Never imports Dagster, dbt or pipelines."""
