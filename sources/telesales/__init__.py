"""Telesales: contract, connector and stand-in."""
