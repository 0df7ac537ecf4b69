"""Smile.io: contract, connector and stand-in."""
