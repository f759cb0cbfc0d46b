"""`python -m rouage`."""

import sys

from rouage.cli.main import main

sys.exit(main())
