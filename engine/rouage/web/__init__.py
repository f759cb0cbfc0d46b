"""The two HTTP listeners: console and API, and webhooks."""
