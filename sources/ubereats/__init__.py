"""Uber Eats: contract, connector and stand-in."""
