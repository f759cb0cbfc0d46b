"""The command line: one file, or one folder, per command."""
