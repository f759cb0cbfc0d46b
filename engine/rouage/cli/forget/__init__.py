"""`rouage forget`: its parts."""
