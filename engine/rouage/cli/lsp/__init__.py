"""`rouage lsp`: its parts."""
