"""The verbs of the command line, a file for each group, whose VERBS become commands.

A verb is its options, one call of what the Dagster assets call, and the print of what that returns.
"""
