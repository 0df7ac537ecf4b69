"""Odoo Point of Sale: contract, connector and stand-in."""
