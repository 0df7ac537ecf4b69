"""The banks: contract, formats and stand-in."""
