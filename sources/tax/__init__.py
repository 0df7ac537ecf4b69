"""Tax rates: contract, connector and stand-in."""
