"""The connectors that ship with Rouage: one file each, found by listing this folder."""
