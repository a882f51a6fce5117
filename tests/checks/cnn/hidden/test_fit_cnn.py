"""Hidden checks of `fit_cnn`: how it trains, and how accurate a network like the lesson's becomes."""

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
@pytest.mark.hint("How much does the last batch count, and what happens to its shape?")
def test_last_batch(submission):
    """The means are over images even if the last batch is smaller, down to a single image."""
    assert_true_with_small_last_batch(submission, "fit_cnn")


@pytest.mark.points(0.25)
@pytest.mark.after("records")
def test_every_image(submission):
    """The model learns from every training image with its own label, and frozen parameters do not change."""
    assert_every_image_learnt(submission, "fit_cnn")


@pytest.mark.points(0.5)
@pytest.mark.after("records")
def test_validation_images(submission):
    """The model does not learn from validation images."""
    assert_validation_images_not_learnt(submission, "fit_cnn")


@pytest.mark.points(0.5)
@pytest.mark.after("records")
def test_fresh_gradients(submission):
    """Each step follows the gradient of its own batch."""
    assert_fresh_gradients(submission, "fit_cnn")


@pytest.mark.points(0.5)
@pytest.mark.after("records")
def test_modes(submission):
    """Every epoch trains in training mode and validates in evaluation mode."""
    assert_modes(submission, "fit_cnn")


@pytest.mark.points(0.25)
@pytest.mark.after("records")
def test_no_gradients(submission):
    """Validation runs without gradients."""
    assert_validated_without_gradients(submission, "fit_cnn")


@pytest.mark.points(2.25)
@pytest.mark.timeout(90)
@pytest.mark.after("records", "learns", "true_records", "every_image", "fresh_gradients", "modes")
@pytest.mark.hint("Train the lesson's network on the phantom and look at the learning curves.")
def test_beats_the_mlp(submission):
    """After five epochs on the phantom, a network like the lesson's is more accurate than an MLP."""
    FIT_CNN_ON_PHANTOMS.check(
        submission,
        what="The accuracy of the network trained by fit_cnn, on images it has never seen,",
        cause=(
            "the learning rate: if too small, five epochs are not enough; if too large, the loss jumps or ReLUs "
            "die. Adam with 0.001 to 0.005 is a good start"
        ),
    )
