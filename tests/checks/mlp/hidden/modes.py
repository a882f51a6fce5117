"""The training modes of a model's modules."""


def modes(model):
    """Return whether each module is in train mode; runs on the student's side."""
    return [module.training for module in model.modules()]
