"""The walls of each tier, from the strongest to none, behind one interface: `process.ProcessWalls` describes it."""

from __future__ import annotations

from autograder.sandbox.walls.process import ProcessWalls


def walls_of(tier: str) -> ProcessWalls:
    """Return the walls of a tier. What a tier needs is imported only where it is used."""
    match tier:
        case "A":
            from autograder.sandbox.walls.namespaces import NamespaceWalls

            return NamespaceWalls()
        case "B":
            from autograder.sandbox.walls.landlocked import LandlockWalls

            return LandlockWalls()
        case "C":
            from autograder.sandbox.walls.own_user import UserWalls

            return UserWalls()
        case "D":
            return ProcessWalls()
    raise ValueError(f"no tier {tier!r}")
