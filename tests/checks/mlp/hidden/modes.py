"""The modes of the modules of a model."""


def modes(model):
    """Return whether each module is in train mode; runs on the student's side."""
    return [module.training for module in model.modules()]
