"""What is declared about matching, as Python reads it: the same that the SQL models read.

Everything per record or per pair is SQL. Python learns from counts of patterns (learning.py, likeness.py) and judges
small components as wholes (linkage.py).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pipelines.resources import PROJECT
from sources.declared import read_yaml


@lru_cache
def declared(domain: str, project: Path = PROJECT / "dbt_project") -> dict:
    """The `matching` section of matching/<domain>.yml.

    Raises ValueError where a block, a comparison, a feature, a veto or a threshold does not say why it is there.
    """
    properties = read_yaml((project / "matching" / f"{domain}.yml").read_text(encoding="utf-8"))
    spec = next(
        m["config"]["meta"]["matching"] for m in properties["models"] if m["name"] == f"matched_{domain}__model"
    )
    features = spec.get("likeness", {}).get("features", ())
    evidence = (*spec["blocks"]["rules"], *spec["compare"]["comparisons"], *features, *spec.get("vetoes", ()))
    for one in (*evidence, *spec["thresholds"]):
        if not one.get("reason"):
            raise ValueError(f"matching/{domain}.yml: {one['name']} states no `reason`; say why it is evidence")
    return spec


def caps(domain: str, records: int) -> list[int]:
    """How many records a block of each rule may hold to be compared, where there are so many `records`."""
    blocks = declared(domain)["blocks"]
    stated = ("cap_of_many", "cap") if records >= blocks.get("many", records + 1) else ("cap",)
    return [next((rule[cap] for cap in stated if cap in rule), blocks["cap"]) for rule in blocks["rules"]]
