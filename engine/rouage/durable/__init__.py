"""What survives: the engine port, the embedded engine and its two journals."""
