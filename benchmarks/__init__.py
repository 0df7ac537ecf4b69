"""Show it: each benchmark prints its figures as ratios to a named baseline measured in the same run."""
