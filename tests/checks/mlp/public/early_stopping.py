"""Runs of a student's EarlyStopping over given losses."""

from autograder.checking import assert_equal, assert_has, fail, phrase

from ...shared.public.floats import as_float


def assert_stops(submission, losses, answers, bests, what, mistakes=None, **arguments):
    """Check what the steps of an EarlyStopping return, and `best` after each."""
    stopping = submission.EarlyStopping(**arguments)
    call = "EarlyStopping(patience, min_delta)" if "min_delta" in arguments else "EarlyStopping(patience)"
    assert_has(stopping, "step", what=call, cause="it is a class with a method `step`")
    for place, (loss, answer, best) in enumerate(zip(losses, answers, bests, strict=True)):
        returned = stopping.step(loss)
        if type(returned) is not bool:
            kind = "None" if returned is None else f"a {type(returned).__name__}"
            cause = "write a `return` on every path"
            fail("step must return True or False.", details=f"It returned {kind}.", cause=cause)
        assert_has(stopping, "best", what="An EarlyStopping", cause="keep the best loss in `self.best`")
        found = as_float(stopping.best, "`best`")
        cause = "`best` is the loss of the last improvement; other losses do not change it"
        shown = f"`best` after the losses {losses[: place + 1]}" if mistakes is not None else "`best`"
        assert_equal(found, best, what=phrase("{shown}{what}", shown=shown, what=what), rtol=1e-9, cause=cause)
        if returned is not answer:
            early = "It stops too early" if returned else "It does not stop in time"
            cause = (mistakes or {}).get((place, returned)) or (
                "count the steps in a row without an improvement; after an improvement, start again from 0"
            )
            problem = phrase("{early}{what}.", early=early, what=what)
            fail(problem, details=f"After the losses {losses[: place + 1]}.", cause=cause)
