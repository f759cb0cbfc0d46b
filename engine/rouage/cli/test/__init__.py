"""`rouage test`: play the tests beside recipes, keep a run as one."""
