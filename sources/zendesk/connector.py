"""Zendesk, incremental cursor exports: its contract says all that the kernel needs to know."""
