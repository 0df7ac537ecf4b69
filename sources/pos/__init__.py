"""The POS database of the stores: contract, connector, and the database itself as the estate fills it."""
