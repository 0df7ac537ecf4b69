"""Xero: contract, connector and stand-in."""
