"""Sendcloud: contract, connector and stand-in."""
