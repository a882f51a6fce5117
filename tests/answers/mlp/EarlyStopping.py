# %% right="the history is kept"
import math


class EarlyStopping:
    def __init__(self, patience, min_delta=0.0):
        self.patience = patience
        self.min_delta = min_delta
        self.losses = []

    def _look(self):
        best, since = math.inf, 0
        for loss in self.losses:
            if loss < best - self.min_delta:
                best, since = loss, 0
            else:
                since += 1
        return best, since

    @property
    def best(self):
        return self._look()[0]

    def step(self, val_loss):
        self.losses.append(val_loss)
        return self._look()[1] >= self.patience


# %% right="the patience is used up"
class EarlyStopping:
    best = float("inf")

    def __init__(self, patience, min_delta=0.0):
        self.patience = self.left = patience
        self.min_delta = min_delta

    def step(self, val_loss):
        improved = val_loss < self.best - self.min_delta
        self.left = self.patience if improved else self.left - 1
        if improved:
            self.best = float(val_loss)
        return self.left <= 0


# %% right="the epoch of the best loss is remembered, a data class"
from dataclasses import dataclass


@dataclass
class EarlyStopping:
    patience: int
    min_delta: float = 0.0
    best: float = float("inf")
    epoch: int = 0
    best_epoch: int = 0

    def step(self, val_loss: float) -> bool:
        self.epoch += 1
        if self.best - val_loss > self.min_delta:
            self.best, self.best_epoch = val_loss, self.epoch
        return self.epoch - self.best_epoch >= self.patience


# %% right="the best loss and a counter"
class EarlyStopping:
    def __init__(self, patience, min_delta=0.0):
        self.patience, self.min_delta = patience, min_delta
        self.best, self.waited = float("inf"), 0

    def step(self, val_loss):
        if val_loss < self.best - self.min_delta:
            self.best = val_loss
            self.waited = 0
        else:
            self.waited += 1
        return self.waited >= self.patience


# %% wrong="patience off by one, too late" from="the best loss and a counter" caught_by="patience"
# -         return self.waited >= self.patience
# +         return self.waited > self.patience

# %% wrong="patience off by one, too early" from="the best loss and a counter" caught_by="patience"
# -         return self.waited >= self.patience
# +         return self.waited >= self.patience - 1

# %% wrong="the count is not reset" from="the best loss and a counter" caught_by="patience"
# -             self.waited = 0

# %% wrong="min_delta ignored" from="the best loss and a counter" caught_by="min_delta"
# -         if val_loss < self.best - self.min_delta:
# +         if val_loss < self.best:

# %% wrong="min_delta with the wrong sign" from="the best loss and a counter" caught_by="min_delta"
# -         if val_loss < self.best - self.min_delta:
# +         if val_loss < self.best + self.min_delta:

# %% wrong="exactly min_delta is an improvement" from="the best loss and a counter" caught_by="min_delta, equal_losses"
# -         if val_loss < self.best - self.min_delta:
# +         if val_loss <= self.best - self.min_delta:

# %% wrong="best follows every smaller loss" from="the best loss and a counter" caught_by="min_delta"
#               self.waited += 1
# +             self.best = min(self.best, val_loss)

# %% wrong="compared with the loss before" from="the best loss and a counter" caught_by="patience"
#               self.waited += 1
# +             self.best = val_loss

# %% wrong="an equal loss is an improvement" from="the best loss and a counter" caught_by="equal_losses"
# -         if val_loss < self.best - self.min_delta:
# +         if val_loss <= self.best - self.min_delta:

# %% wrong="NaN is an improvement" from="the best loss and a counter" caught_by="equal_losses"
# -         if val_loss < self.best - self.min_delta:
# +         if not val_loss >= self.best - self.min_delta:

# %% wrong="a larger loss is better" from="the best loss and a counter" caught_by="patience"
# -         self.best, self.waited = float("inf"), 0
# +         self.best, self.waited = -float("inf"), 0

# -         if val_loss < self.best - self.min_delta:
# +         if val_loss > self.best + self.min_delta:

# %% wrong="nothing is returned" from="the best loss and a counter" caught_by="patience"
# -         return self.waited >= self.patience
# +         self.stop = self.waited >= self.patience

# %% wrong="no best" from="the best loss and a counter" caught_by="patience"
# -         self.best, self.waited = float("inf"), 0
# +         self.lowest, self.waited = float("inf"), 0

# -         if val_loss < self.best - self.min_delta:
# -             self.best = val_loss
# +         if val_loss < self.lowest - self.min_delta:
# +             self.lowest = val_loss


# %% wrong="the state belongs to the class" caught_by="equal_losses"
class EarlyStopping:
    best, waited = float("inf"), 0

    def __init__(self, patience, min_delta=0.0):
        self.patience, self.min_delta = patience, min_delta

    def step(self, val_loss):
        cls = type(self)
        if val_loss < cls.best - self.min_delta:
            cls.best = val_loss
            cls.waited = 0
        else:
            cls.waited += 1
        return cls.waited >= self.patience


# %% wrong="true only once" from="the best loss and a counter" caught_by="min_delta"
# -         return self.waited >= self.patience
# +         return self.waited >= self.patience and self.min_delta == 0
