"""Square: contract, connector and stand-in."""
