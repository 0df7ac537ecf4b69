"""Deliverect: contract, connector and stand-in."""
