"""The simulated retailer: its people, products, prices, stores, time, faults and truth. Nothing of Assay itself."""
