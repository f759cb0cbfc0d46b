"""Automations and scripts of Home Assistant."""
