"""Run the command line with this Python: ``python -m autograder``."""

from autograder.cli.main import main

main(prog_name="autograder")
