"""SumUp, transactions and payouts: its contract says all that the kernel needs to know."""
