"""Output sizes of the lesson's examples."""

import math

import pytest

from autograder.checking import assert_equal

pytestmark = pytest.mark.hints(
    "Count with pencil and paper: 5 pixels, a kernel of 3. How often can it take a step?",
    "Padding adds to both ends, division rounds down, and the first position counts too.",
)


@pytest.mark.points(0.5)
def test_known_sizes(submission):
    """The lesson's examples have the right sizes."""
    for input_size, kernel_size, stride, padding, expected in (
        (5, 3, 1, 0, 3),  # the lecture's example
        (7, 3, 2, 0, 3),
        (7, 3, 3, 0, 2),
        (28, 3, 1, 1, 28),
        (7, 3, 2, 1, 4),
        (224, 7, 2, 3, 112),  # the first layer of a ResNet
    ):
        call = f"output_size({input_size}, {kernel_size}, stride={stride}, padding={padding})"
        exact = (input_size + 2 * padding - kernel_size) / stride
        result = submission.output_size(input_size, kernel_size, stride=stride, padding=padding)
        mistakes = {
            "the result is a float; `//` divides and rounds down to an int": float(expected),
            "the result is not rounded down": exact + 1,
            "rounded up, where the formula rounds down": math.ceil(exact) + 1,
            "the padding is ignored": (input_size - kernel_size) // stride + 1,
            "the padding is counted once, but it is at both ends": (input_size + padding - kernel_size) // stride + 1,
            "the stride is ignored": input_size + 2 * padding - kernel_size + 1,
            "off by one: the first position counts too": expected - 1,
        }
        assert_equal(result, expected, what=call, mistakes=mistakes)
    call = "output_size(5, 3)"
    cause = "the defaults are stride=1 and padding=0"
    assert_equal(submission.output_size(5, 3), 3, what=call, cause=cause)
