"""Smile.io, customers and points: its contract says all that the kernel needs to know."""
