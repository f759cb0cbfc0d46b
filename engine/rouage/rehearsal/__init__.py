"""Recipes rehearsed: everything is worked out as in a real run, and nothing is done."""
