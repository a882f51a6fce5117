"""Output sizes, counted position by position, and kernels that do not fit."""

import pytest

from autograder.checking import assert_equal, assert_raises


@pytest.mark.points(0.25)
def test_counts_places(submission):
    """The result is the number of positions of the kernel for any size, stride and padding."""
    cause = "slide the kernel over a few pixels with pencil and paper, and count its positions"
    for input_size in (1, 2, 6, 11):
        for kernel_size in (1, 2, 5):
            for stride in (1, 2, 3):
                for padding in (0, 1, 4):
                    last = input_size + 2 * padding - kernel_size
                    if last >= 0:
                        size = submission.output_size(input_size, kernel_size, stride, padding)
                        expected = len(range(0, last + 1, stride))
                        call = "output_size(input_size, kernel_size, stride, padding)"
                        assert_equal(size, expected, what=call, cause=cause)


@pytest.mark.points(0.25)
def test_too_large_a_kernel(submission):
    """A kernel larger than the padded input raises ValueError; one that just fits does not."""
    call = "output_size of a kernel that just fits"
    assert_equal(submission.output_size(3, 7, stride=2, padding=2), 1, what=call)
    assert_equal(submission.output_size(4, 4), 1, what=call)
    for input_size, kernel_size, stride, padding in ((4, 5, 1, 0), (4, 5, 3, 0), (2, 9, 2, 3), (1, 4, 1, 1)):
        assert_raises(
            ValueError,
            submission.output_size,
            input_size,
            kernel_size,
            stride,
            padding,
            what="output_size of a kernel that does not fit",
            cause="compare the kernel with the input plus padding on both sides, whatever the stride",
        )
