"""Klaviyo, JSON:API: its contract says all that the kernel needs to know."""
