"""HubSpot: contract, connector and stand-in."""
