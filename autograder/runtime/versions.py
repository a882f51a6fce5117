"""The versions of Python that this package is tested with.

The Makefile runs this file before anything is installed, with any Python. So it imports only ``sys`` and avoids syntax
that old versions cannot parse.
"""

import sys

TESTED = ("3.11", "3.12", "3.13", "3.14")

_ADVICE = """\
Install one of them, for instance:
  apt install python3.13-venv    (Debian 13; other releases have another of these versions)
  pyenv install 3.13             (anywhere; then: pyenv shell 3.13)
Then name it: make PYTHON=python3.13 {goal}"""

_AHEAD = {
    "3.15": "The first wheels for it are those of torch 2.15.0 and torchvision 0.29.2; requirements.lock names torch "
    "2.13.0 and torchvision 0.28.0, with which thresholds were measured."
}
"""What versions that are not tested yet lack."""


def words() -> str:
    """Return the tested versions as a phrase: ``3.11, 3.12 or 3.13``."""
    return ", ".join(TESTED[:-1]) + " or " + TESTED[-1]


def fault(version: str) -> str:
    """Return why a version, such as ``3.15``, cannot be used; empty if it can."""
    if version in TESTED:
        return ""
    return f"Python {version} is not one of {words()}. {_AHEAD.get(version, '')}".rstrip()


def main() -> None:
    """Exit with a message if this Python cannot be used; the arguments are the goals of ``make``."""
    problem = fault(".".join(map(str, sys.version_info[:2])))
    if problem:
        sys.exit(f"{problem}\n{_ADVICE.format(goal=' '.join(sys.argv[1:])).rstrip()}")


if __name__ == "__main__":
    main()
