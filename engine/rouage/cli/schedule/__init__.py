"""`rouage schedule`: its parts."""
