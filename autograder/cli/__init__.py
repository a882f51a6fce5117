"""The command ``autograder``: one file a subcommand, loaded only when it is used."""
