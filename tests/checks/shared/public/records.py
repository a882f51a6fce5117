"""The records that a training loop returns: one dict per epoch."""

import math

from autograder.checking import assert_equal, assert_true, fail, phrase

from .floats import as_float


def assert_records(records, epochs, fit, cause="one record for each epoch", none="a NoneType"):
    """Check the records of a number of epochs, and return them.

    ``fit`` is the name of the function that returned them, ``cause`` says why there may be too few or too many, and
    a message calls the value None ``none``.
    """
    call, called = phrase("{fit}(…, epochs)", fit=fit), f"It was called with epochs={epochs}"
    if type(records) is not list:
        kind = "None" if records is None else f"a {type(records).__name__}"
        problem = phrase("{call} must return a list of dicts.", call=call)
        fail(problem, details=f"{called} and returned {kind}.", cause="one record per epoch, in a list")
    what = phrase("the number of records that {call} returns", call=call)
    assert_equal(len(records), epochs, what=what, cause=cause)
    for record in records:
        if type(record) is not dict:
            problem = phrase("A record of {call} must be a dict.", call=call)
            fail(problem, details=f"{called}, and a record is a {type(record).__name__}.")
        for key in ("train_loss", "val_loss", "accuracy"):
            problem = phrase("A record of {call} has no '{key}'.", call=call, key=key)
            assert_true(key in record, problem, details=f"{called}.")
            name = phrase("'{key}'", key=key)
            value = as_float(record[key], name, none)
            if not math.isfinite(value):
                cause = "the training diverged: is the learning rate too large?"
                fail(phrase("{name} is not finite.", name=name), details=f"It is {value}.", cause=cause)
    return records
