"""WooCommerce: contract, connector and stand-in."""
