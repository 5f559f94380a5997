"""`python -m tutela` is the command line."""

from tutela.surfaces.cli.main import main

main()
