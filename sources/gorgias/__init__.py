"""Gorgias: contract, connector and stand-in."""
