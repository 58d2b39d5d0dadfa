"""`python -m app.verify` is `tanyin verify`."""

import sys

from app.verify.command import main

sys.exit(main(sys.argv[1:]))
