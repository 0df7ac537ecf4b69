"""Stripe: contract, connector and stand-in."""
