"""`rouage service`: its parts."""
