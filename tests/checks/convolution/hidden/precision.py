"""Float64 inputs give float64 outputs: tolerances, and the likely cause if they do not."""

EXACT = {"rtol": 1e-12, "atol": 1e-12}


DOWNCAST = (
    "`.float()` makes float32, and so do `torch.zeros(…)` and `torch.tensor(…)` by themselves; `x.new_zeros(…)` and "
    "`torch.zeros_like(x)` keep the dtype of x"
)
