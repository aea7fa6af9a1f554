"""`python -m digione` is the `digione` command."""

from digione.cli.main import main

main()
