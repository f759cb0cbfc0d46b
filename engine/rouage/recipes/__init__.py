"""From YAML text to a checked `Recipe`, with every problem and its place."""
