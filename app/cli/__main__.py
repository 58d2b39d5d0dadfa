"""`python -m app.cli` is `tanyin`."""

from app.cli import main

main()
