"""`rouage check`: its parts."""
