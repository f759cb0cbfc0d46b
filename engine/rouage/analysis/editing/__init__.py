"""What an editor asks of a recipe under the cursor: completion, hover, names in scope."""
