"""Recipes made of what other programs had: what fits is taken over, the rest is said."""
