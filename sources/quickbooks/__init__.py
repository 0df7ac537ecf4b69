"""QuickBooks Online: contract, connector and stand-in."""
