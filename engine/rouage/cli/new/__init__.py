"""`rouage new`: a recipe, made in a conversation."""
