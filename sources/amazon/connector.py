"""Amazon SP-API, orders 2026-01-01 and listings: its contract says all that the kernel needs to know."""
