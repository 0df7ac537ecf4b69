"""What macros of the dbt project return, so that Python reads the declaration that the SQL follows."""

from __future__ import annotations

from typing import Any

import jinja2

from pipelines.resources import PROJECT


def returned(file: str, macro: str, *arguments: Any) -> Any:
    """What the macro of a file below dbt_project/macros returns; it may use nothing but its arguments."""
    values: list[Any] = []
    text = (PROJECT / "dbt_project" / "macros" / file).read_text(encoding="utf-8")
    macros = jinja2.Environment().from_string(text).make_module({"return": values.append})
    getattr(macros, macro)(*arguments)
    return values[0]
