"""The daemon as a service of the machine: what it tells the service manager, what it needs."""
