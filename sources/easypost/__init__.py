"""EasyPost: contract, connector and stand-in."""
