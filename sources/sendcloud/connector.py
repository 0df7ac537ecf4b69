"""Sendcloud v3, shipments with their parcels: its contract says all that the kernel needs to know."""
