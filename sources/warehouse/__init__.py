"""The warehouse: contract, connector and stand-in."""
