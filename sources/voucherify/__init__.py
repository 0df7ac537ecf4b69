"""Voucherify: contract, connector and stand-in."""
