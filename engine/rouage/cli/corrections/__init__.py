"""`rouage corrections`: what the owner corrects, and what is proposed."""
