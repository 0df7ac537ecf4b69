"""Plugins of the test suite."""

pytest_plugins = ["tests.odoo.fixtures", "tests.flow.fixtures"]
