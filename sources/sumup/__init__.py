"""SumUp: contract, connector and stand-in."""
