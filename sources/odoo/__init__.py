"""Odoo: the target, and a source like the others."""
