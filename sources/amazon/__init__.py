"""Amazon: contract, connector and stand-in."""
