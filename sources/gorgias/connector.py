"""Gorgias, REST API: its contract says all that the kernel needs to know."""
