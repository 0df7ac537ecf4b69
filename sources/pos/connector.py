"""The POS database, whatever SQLAlchemy URL it is at: its contract says all that the kernel needs to know."""
