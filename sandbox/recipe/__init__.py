"""Data from a recipe: the part of Snowfakery's YAML that sets up an org, drawn from a seed.

Snowfakery itself has no seed for a run, so the same recipe would give another org each time.
"""
