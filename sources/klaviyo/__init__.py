"""Klaviyo: contract, connector and stand-in."""
