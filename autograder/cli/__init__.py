"""The command ``autograder`` and its subcommands, each imported only when it is called.

Modules here import what is expensive inside functions, so that ``--help`` loads neither torch nor numpy.
"""
