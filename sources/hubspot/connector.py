"""HubSpot, CRM v3: its contract says all that the kernel needs to know."""
