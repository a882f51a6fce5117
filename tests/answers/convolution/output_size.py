# %% right="integer division"
def output_size(input_size, kernel_size, stride=1, padding=0):
    padded = input_size + 2 * padding
    if kernel_size > padded:
        raise ValueError(f"kernel {kernel_size} is larger than the padded input {padded}")
    return (padded - kernel_size) // stride + 1


# %% right="floor of a quotient"
import math


def output_size(input_size, kernel_size, stride=1, padding=0):
    free = input_size + 2 * padding - kernel_size
    if free < 0:
        raise ValueError("the kernel does not fit")
    return math.floor(free / stride + 1)


# %% right="counting the places in a loop"
def output_size(input_size: int, kernel_size: int, stride: int = 1, padding: int = 0) -> int:
    start, places = -padding, 0
    while start + kernel_size <= input_size + padding:
        places += 1
        start += stride
    if places == 0:
        raise ValueError("no place for the kernel")
    return places


# %% right="length of a range"
def output_size(input_size, kernel_size, stride=1, padding=0):
    places = range(0, input_size + 2 * padding - kernel_size + 1, stride)
    if not places:
        raise ValueError("kernel too large")
    return len(places)


# %% right="integer division after a check"
def output_size(input_size, kernel_size, stride=1, padding=0):
    if kernel_size > input_size + 2 * padding:
        raise ValueError("too large")
    return (input_size + 2 * padding - kernel_size) // stride + 1


# %% wrong="off by one: the + 1 is missing" from="integer division after a check" caught_by="known_sizes, counts_places"
# -     return (input_size + 2 * padding - kernel_size) // stride + 1
# +     return (input_size + 2 * padding - kernel_size) // stride


# %% wrong="rounds up" caught_by="known_sizes, counts_places"
import math


def output_size(input_size, kernel_size, stride=1, padding=0):
    if kernel_size > input_size + 2 * padding:
        raise ValueError("too large")
    return math.ceil((input_size + 2 * padding - kernel_size) / stride) + 1


# %% wrong="rounds to the nearest" from="integer division after a check" caught_by="counts_places"
# -     return (input_size + 2 * padding - kernel_size) // stride + 1
# +     return round((input_size + 2 * padding - kernel_size) / stride) + 1

# %% wrong="returns a float" from="integer division after a check" caught_by="known_sizes"
# -     return (input_size + 2 * padding - kernel_size) // stride + 1
# +     return (input_size + 2 * padding - kernel_size) / stride + 1

# %% wrong="padding at one end only" from="integer division after a check" caught_by="known_sizes, counts_places"
# -     return (input_size + 2 * padding - kernel_size) // stride + 1
# +     return (input_size + padding - kernel_size) // stride + 1

# %% wrong="stride ignored" from="integer division after a check" caught_by="known_sizes, counts_places"
# -     return (input_size + 2 * padding - kernel_size) // stride + 1
# +     return input_size + 2 * padding - kernel_size + 1


# %% wrong="padding ignored" caught_by="known_sizes, counts_places"
def output_size(input_size, kernel_size, stride=1, padding=0):
    if kernel_size > input_size:
        raise ValueError("too large")
    return (input_size - kernel_size) // stride + 1


# %% wrong="no ValueError" from="integer division after a check" caught_by="too_large_a_kernel"
# -     if kernel_size > input_size + 2 * padding:
# -         raise ValueError("too large")


# %% wrong="0 instead of a ValueError" caught_by="too_large_a_kernel"
def output_size(input_size, kernel_size, stride=1, padding=0):
    return max(0, (input_size + 2 * padding - kernel_size) // stride + 1)


# %% wrong="another kind of error" caught_by="too_large_a_kernel"
def output_size(input_size, kernel_size, stride=1, padding=0):
    assert kernel_size <= input_size + 2 * padding
    return (input_size + 2 * padding - kernel_size) // stride + 1


# %% wrong="ValueError compares with the input without padding" from="integer division after a check" caught_by="too_large_a_kernel"
# -     if kernel_size > input_size + 2 * padding:
# +     if kernel_size > input_size:

# %% wrong="ValueError for a kernel that just fits" from="integer division after a check" caught_by="too_large_a_kernel"
# -     if kernel_size > input_size + 2 * padding:
# +     if kernel_size >= input_size + 2 * padding:


# %% wrong="ValueError only where the quotient is negative enough" caught_by="too_large_a_kernel"
def output_size(input_size, kernel_size, stride=1, padding=0):
    size = (input_size + 2 * padding - kernel_size) // stride + 1
    if size < 0:
        raise ValueError("too large")
    return size


# %% wrong="stride and padding in the wrong order" caught_by="counts_places"
def output_size(input_size, kernel_size, padding=0, stride=1):
    if kernel_size > input_size + 2 * padding:
        raise ValueError("too large")
    return (input_size + 2 * padding - kernel_size) // max(stride, 1) + 1
