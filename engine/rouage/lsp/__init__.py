"""The language server: the analysis of recipes, spoken to editors over standard input."""
