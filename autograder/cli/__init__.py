"""The command ``autograder``: its subcommands, each loaded only when it is used."""
