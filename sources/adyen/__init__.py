"""Adyen: contract, connector and stand-in."""
