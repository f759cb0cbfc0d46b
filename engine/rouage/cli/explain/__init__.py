"""`rouage explain`: a message or a recipe, in words."""
