"""PayPal: contract, connector and stand-in."""
