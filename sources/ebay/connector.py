"""eBay Sell APIs, fulfillment, inventory and finances: its contract says all that the kernel needs to know."""
