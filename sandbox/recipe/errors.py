"""What is wrong with a recipe."""

from __future__ import annotations


class InvalidRecipe(ValueError):
    """The recipe cannot be followed; the message says where and why."""
