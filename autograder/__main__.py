"""``python -m autograder``: the command line, by the Python that runs."""

from autograder.cli.main import main

main(prog_name="autograder")
