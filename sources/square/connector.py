"""Square, API 2: its contract says all that the kernel needs to know."""
