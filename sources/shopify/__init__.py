"""Shopify: contract, connector and stand-in."""
