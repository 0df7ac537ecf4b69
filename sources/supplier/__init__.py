"""Suppliers: contract, connector and stand-in."""
