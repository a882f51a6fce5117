"""The tolerance of map comparisons, and likely causes that several questions share."""

# The order of a float32 sum changes its rounding, which matters for results close to 0.
CLOSE = {"atol": 1e-5}

EVALUATION = "the model is in training mode: dropout is random, and a batch norm uses the statistics of the batch"

AFTER_EXCEPTION = "code after an exception does not run unless it is in a `finally` or done by a `with`"
