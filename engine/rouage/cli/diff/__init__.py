"""`rouage diff`: what an edit changes, in words and in what would have been done."""
