"""Variants of one product, as templates and names say: what is one product in any system is one."""

from __future__ import annotations

import pyarrow as pa


def group_table(records: pa.Table) -> pa.Table:
    """record_id, group_id (its smallest record_id): the variants of one product together.

    `records` has record_id, cluster_id (variant), template_ref (null where the system has no templates) and name.
    Clusters that stand in one template of any system are one product. A cluster in no template joins the only product
    of its name if there is just one, and else its namesakes that are in no template either.
    """
    rows = records.to_pylist()
    leader: dict[str, str] = {}

    def find(label: str) -> str:
        while leader.setdefault(label, label) != label:
            label = leader[label]
        return label

    for row in rows:
        if row["template_ref"]:
            one, other = sorted((find("variant " + row["cluster_id"]), find("template " + row["template_ref"])))
            leader[other] = one
    named: dict[str, set[str]] = {}
    name_of: dict[str, str] = {}
    for row in rows:
        if "variant " + row["cluster_id"] in leader:
            named.setdefault(row["name"], set()).add(find("variant " + row["cluster_id"]))
        elif row["name"]:
            name_of.setdefault(row["cluster_id"], row["name"])
    group_of = []
    for row in rows:
        name = name_of.get(row["cluster_id"])
        namesakes = named.get(name, set())
        if name is None:
            group_of.append(find("variant " + row["cluster_id"]))
        else:
            group_of.append(next(iter(namesakes)) if len(namesakes) == 1 else "name " + name)
    first = {}
    for row, group in zip(rows, group_of, strict=True):
        first[group] = min(first.get(group, row["record_id"]), row["record_id"])
    return pa.table({"record_id": records["record_id"], "group_id": [first[group] for group in group_of]})
