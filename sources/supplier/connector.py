"""Suppliers, by files: the contract says all that the kernel needs to know."""
