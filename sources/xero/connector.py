"""Xero, Accounting API 2.0: its contract says all that the kernel needs to know."""
