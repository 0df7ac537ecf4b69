"""Deliverect, orders of the delivery services: its contract says all that the kernel needs to know."""
