"""Made-up results that pages are tested with, hostile wherever a student chooses the text."""

from __future__ import annotations

import math

from autograder.results.model import CellResult, CheckResult, Outcome, QuestionResult, Result, Status
from autograder.results.pictures import Picture, make_picture

SCRIPT = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
SQUARE = [[0.0, 0.5], [0.25, 1.0]]
LOSSES = make_picture("curves", "The loss by epoch", [("training loss", [[0.7, 0.5, 0.4]])])
COUNTS = make_picture("confusion", "After the last epoch", [("yours", [[30, 2], [5, 27]])])
MAPS = make_picture("images", "A phantom", [("phantom", SQUARE), ("the map", [[0.0, 1.0], [1.0, 0.0]])])
NUMBERS = make_picture("difference", "Expected and yours", [(name, SQUARE) for name in ("expected", "yours", "wrong")])
LARGE = make_picture(
    "difference", "Expected and yours at [0]",
    [(name, [[math.sin(i * j * k) for j in range(28)] for i in range(28)]) for k, name in enumerate("abc", 1)],
)  # fmt: skip


def a_check(
    name: str,
    outcome: Outcome = Outcome.PASSED,
    message: str = "",
    *pictures: Picture,
    hidden: bool = False,
    hint: str = "",
) -> CheckResult:
    """Return the result of a check worth two points."""
    visibility = "hidden" if hidden else "public"
    points = 2.0 if outcome is Outcome.PASSED else 0.0
    return CheckResult(name, f"It does `{name}`.", visibility, outcome, points, 2.0, message, hint, "", pictures)


def a_result(*questions: QuestionResult, student: str = "ada", message: str = "", optional: bool = False) -> Result:
    """Return a submission's result."""
    cells = (CellResult("one", Outcome.PASSED), CellResult("two", Outcome.FAILED, SCRIPT))
    return Result(
        student, "mlp", "2026.1", "d", "c", "env", "A", Status.GRADED, questions, cells, message, optional=optional
    )


HOSTILE = a_result(
    QuestionResult("loss", (a_check("adds"), a_check("halves", Outcome.FAILED, f"Your code raised {SCRIPT}", NUMBERS))),
    QuestionResult(
        "fit",
        (
            a_check("records"),
            a_check("learns", Outcome.PASSED, "", LOSSES, COUNTS, MAPS),
            a_check(
                "generalises", Outcome.FAILED, "It is too low: 0.61.\nLikely cause: `x`", hidden=True, hint="Think."
            ),
            a_check("stops", Outcome.TIMED_OUT, "This took longer than 5 s.", hidden=True),
        ),
    ),
    QuestionResult("rest", (a_check("starts", Outcome.NOT_ATTEMPTED, "`rest` is not implemented yet."),)),
    QuestionResult("images", (a_check("draws", Outcome.FAILED, "Wrong values.", LARGE),)),
    student=SCRIPT,
    message=f"Taken: {SCRIPT}",
)
