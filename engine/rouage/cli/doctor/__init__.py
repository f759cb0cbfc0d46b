"""`rouage doctor`: its parts."""
