"""`rouage why`: its parts."""
