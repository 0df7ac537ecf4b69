"""Mailchimp Marketing 3.0, the members of every audience: its contract says all that the kernel needs to know."""
