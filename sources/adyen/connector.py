"""Adyen, settlement reports by files: the contract says all that the kernel needs to know."""
