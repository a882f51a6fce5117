"""Hidden checks of `fit_cnn`: how it trains, and how good a network like the lesson's gets with it."""

import pytest

from ...shared.hidden.fingerprints import (
    assert_every_image_learnt,
    assert_fresh_gradients,
    assert_validated_without_gradients,
    assert_validation_images_not_learnt,
)
from ...shared.hidden.training import assert_modes, assert_true_with_small_last_batch
from .experiments import FIT_CNN_ON_PHANTOMS


@pytest.mark.points(0.25)
@pytest.mark.after("true_records")
@pytest.mark.hint("How much does the last batch weigh, and what becomes of its shape?")
def test_last_batch(submission):
    """The means are over images, also where the last batch is smaller, down to a single image."""
    assert_true_with_small_last_batch(submission, "fit_cnn")


@pytest.mark.points(0.25)
@pytest.mark.after("records")
def test_every_image(submission):
    """Every training image is learnt from, with its own label, and frozen parameters stay."""
    assert_every_image_learnt(submission, "fit_cnn")


@pytest.mark.points(0.5)
@pytest.mark.after("records")
def test_validation_images(submission):
    """Nothing is learnt from the validation images."""
    assert_validation_images_not_learnt(submission, "fit_cnn")


@pytest.mark.points(0.5)
@pytest.mark.after("records")
def test_fresh_gradients(submission):
    """Each step follows the gradient of its own batch."""
    assert_fresh_gradients(submission, "fit_cnn")


@pytest.mark.points(0.5)
@pytest.mark.after("records")
def test_modes(submission):
    """Training is in training mode in every epoch, validation in evaluation mode."""
    assert_modes(submission, "fit_cnn")


@pytest.mark.points(0.25)
@pytest.mark.after("records")
def test_no_gradients(submission):
    """Validation is without gradients."""
    assert_validated_without_gradients(submission, "fit_cnn")


@pytest.mark.points(2.25)
@pytest.mark.timeout(90)
@pytest.mark.after("records", "learns", "true_records", "every_image", "fresh_gradients", "modes")
@pytest.mark.hint("Train the lesson's network on the phantom and look at the learning curves.")
def test_beats_the_mlp(submission):
    """In five epochs it brings a network like the lesson's above what an MLP reaches on the phantom."""
    FIT_CNN_ON_PHANTOMS.check(
        submission,
        what="The accuracy of the network that fit_cnn trained, on images that it has never met,",
        cause=(
            "the learning rate: too small, and five epochs are not enough; too large, and the loss jumps or the "
            "ReLUs die. Adam with 0.001 to 0.005 is a good start"
        ),
    )
