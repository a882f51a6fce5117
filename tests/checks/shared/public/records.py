"""The records that a training loop returns: one dict per epoch."""

import math

from autograder.checking import assert_equal, assert_true, fail

from .floats import as_float


def assert_records(records, epochs, fit, cause="one record for each epoch", none="a NoneType"):
    """Check the records of a number of epochs, and return them.

    ``fit`` is the name of the function that returned them, ``cause`` says why there may be too few or too many, and
    a message calls the value None ``none``.
    """
    call = f"{fit}(…, epochs={epochs})"
    if type(records) is not list:
        kind = "None" if records is None else f"a {type(records).__name__}"
        fail(f"{call} must return a list of dicts, but it returned {kind}.", cause="one record per epoch, in a list")
    assert_equal(len(records), epochs, what=f"the number of records that {call} returns", cause=cause)
    for record in records:
        if type(record) is not dict:
            fail(f"A record of {call} must be a dict, but it is a {type(record).__name__}.")
        for key in ("train_loss", "val_loss", "accuracy"):
            assert_true(key in record, f"A record of {call} has no {key!r}.")
            value = as_float(record[key], f"{key!r}", none)
            if not math.isfinite(value):
                fail(f"{key!r} is {value}.", cause="the training diverged: is the learning rate too large?")
    return records
