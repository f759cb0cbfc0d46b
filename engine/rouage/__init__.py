"""Rouage: a self-hosted automation engine. YAML recipes, durable runs, nothing lost.

sdk/          what a connector author imports        model/      plain data
expressions/  the language inside `${{ }}`            catalog/    what is installed
recipes/      YAML text -> checked Recipe             durable/    the journal and its engine
flow/         listen > match > queue > run > step     analysis/   problems in words
web/          hooks, health and API                   cli/        the commands
daemon.py     the only place where parts are built    safety/     folders, network, masking
"""

__version__ = "0.1.0"
