"""Plugins of the test suite, and the same generated examples on every machine."""

from hypothesis import settings

pytest_plugins = ["tests.odoo.fixtures", "tests.flow.fixtures", "tests.sources.databases"]

settings.register_profile("repeatable", derandomize=True, database=None)
settings.load_profile("repeatable")
