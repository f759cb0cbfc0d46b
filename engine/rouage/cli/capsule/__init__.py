"""`rouage capsule`: a run, made safe to send, and what comes back."""
