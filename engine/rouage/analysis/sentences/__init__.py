"""A recipe read back as plain sentences, in French or English."""
