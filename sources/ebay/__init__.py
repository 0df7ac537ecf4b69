"""eBay: contract, connector and stand-in."""
