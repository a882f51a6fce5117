"""The tolerance of map comparisons, and likely causes of differences that several questions share."""

# Float32 sums in another order differ by rounding, which shows where they come close to 0.
CLOSE = {"atol": 1e-5}

EVALUATION = "the model is in training mode: dropout draws lots, and a batch norm uses the batch's own statistics"

AFTER_EXCEPTION = (
    "what follows an exception is not run any more, unless it stands in a `finally` or is done by a `with`"
)
