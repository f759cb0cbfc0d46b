"""The files of a new workspace: commented settings, and a first recipe that works."""

from typing import Final

from rouage.language import Text

RECIPE_NAME: Final = "first.yaml"
GIT_IGNORE: Final = "# The journal, the token and the secrets stay on this machine.\n*\n"

SETTINGS: Final = Text(
    """\
# The settings of this workspace. Every line is optional; `rouage paths` tells where things lie.

# Language of the messages: en or fr.
language: {language}

# Time zone of recipes that name none (default: that of the machine).
# timezone: Europe/Paris

# Ports of the console and of the webhooks, on this machine only; 0 picks a free one.
# port: 8470
# hooks_port: 8471

# Further host names by which webhooks may call, when a tunnel leads here.
# allowed_hosts: [hooks.example.org]

# Further folders that the actions of every recipe may touch. A recipe may always touch this
# workspace, and the folders that it names itself.
# folders: [~/Documents/Invoices]

# Values for the inputs of recipes, by recipe.
# inputs:
#   first: {{}}

# How long running actions may go on when the daemon stops.
# grace: 20s

# How much the log says: debug, info, warning or error.
# log_level: info
""",
    """\
# Les réglages de cet espace de travail. Chaque ligne est facultative ; « rouage paths » dit où
# sont les choses.

# Langue des messages : en ou fr.
language: {language}

# Fuseau horaire des recettes qui n’en nomment pas (par défaut : celui de la machine).
# timezone: Europe/Paris

# Ports de la console et des webhooks, sur cette machine seulement ; 0 trouve un port libre.
# port: 8470
# hooks_port: 8471

# Autres noms d’hôte par lesquels les webhooks peuvent appeler, quand un tunnel mène ici.
# allowed_hosts: [hooks.exemple.fr]

# Autres dossiers que les actions de toutes les recettes peuvent toucher. Une recette peut
# toujours toucher cet espace de travail et les dossiers qu’elle nomme elle-même.
# folders: [~/Documents/Factures]

# Valeurs des entrées des recettes, par recette.
# inputs:
#   first: {{}}

# Combien de temps les actions en cours peuvent finir quand le service s’arrête.
# grace: 20s

# Ce que dit le journal technique : debug, info, warning ou error.
# log_level: info
""",
)

RECIPE: Final = Text(
    """\
# yaml-language-server: $schema=../.rouage/recipe.schema.json
#
# A recipe says when to act, if at all, and what to do. This one sorts every file that arrives
# in files/inbox into a folder for its month. Try it: run `rouage up`, drop a file there, then
# ask `rouage why files/inbox/NAME`.
name: Sort by month
description: Sorts every file that arrives in files/inbox into a folder for its month.

when:
  - folder.file:
      path: files/inbox
      # Only some files: match: "*.pdf"

# Empty files stay where they are.
if: event.file.size > 0

do:
  - files.move:
      source: ${{ event.file.path }}
      # A target that ends in / is a folder; it is made when it is missing.
      target: files/sorted/${{ event.file.modified | parse_date | date('%Y-%m') }}/
      on_conflict: rename
    id: sorted

  - log.write:
      message: ${{ event.file.name }} is now ${{ steps.sorted.path }}
""",
    """\
# yaml-language-server: $schema=../.rouage/recipe.schema.json
#
# Une recette dit quand agir (when), à quelle condition (if), et que faire (do). Celle-ci range
# chaque fichier qui arrive dans files/inbox dans le dossier de son mois. Essayez : lancez
# « rouage up », déposez un fichier, puis demandez « rouage why files/inbox/NOM ».
name: Ranger par mois
description: Range chaque fichier qui arrive dans files/inbox dans le dossier de son mois.

when:
  - folder.file:
      path: files/inbox
      # Seulement certains fichiers : match: "*.pdf"

# Les fichiers vides restent où ils sont.
if: event.file.size > 0

do:
  - files.move:
      source: ${{ event.file.path }}
      # Une cible qui finit par / est un dossier ; il est créé s’il manque.
      target: files/sorted/${{ event.file.modified | parse_date | date('%Y-%m') }}/
      on_conflict: rename
    id: sorted

  - log.write:
      message: ${{ event.file.name }} est maintenant ${{ steps.sorted.path }}
""",
)
