"""The stewards' work: a queue of doubtful cases, worth their time in this order, and what they decide on them."""
