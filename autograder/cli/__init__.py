"""The command ``autograder`` and its subcommands, each imported only when it is called."""
