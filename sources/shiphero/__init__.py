"""ShipHero: contract, connector and stand-in."""
