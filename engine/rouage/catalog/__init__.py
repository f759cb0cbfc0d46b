"""What is installed: connectors, their triggers and actions, and the schema made of them."""
