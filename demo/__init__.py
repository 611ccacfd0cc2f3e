"""A day in the life of a sync, on an org of its own: ``make demo``."""
