"""Zendesk: contract, connector and stand-in."""
