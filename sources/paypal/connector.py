"""PayPal, transaction search: its contract says all that the kernel needs to know."""
