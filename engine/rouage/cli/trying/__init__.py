"""`rouage try`: its parts."""
