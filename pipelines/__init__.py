"""Run it: extraction, landing, transform, identity, gates, publish and lineage as Dagster assets."""
