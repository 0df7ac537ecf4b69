"""Mailchimp: contract, connector and stand-in."""
