"""Plain frozen data that every part of the engine shares; no input or output."""
