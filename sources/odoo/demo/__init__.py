"""The embedded demo Odoo behind `sources/odoo/fake.py`: the few models that Assay reads and writes, on SQLite."""
