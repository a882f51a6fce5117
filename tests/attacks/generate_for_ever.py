"""Answers with endless generators, and with objects that claim an endless length.

Must happen: they cross as objects, not tensors, and asking them for items stops at a bound.
"""


# %% question="conv2d_single" outcome="failed"
def conv2d_single(image, kernel, bias=0.0):
    def endless():
        while True:
            yield image

    return endless()


# %% question="max_pool2d" outcome="failed"
def max_pool2d(images, kernel_size, stride=None):
    class Long:
        shape = property(lambda self: iter(int, 1))

        def __len__(self):
            return 2**62

        def __getitem__(self, key):
            return self

    return Long()


# %% question="detect_edges" outcome="failed"
def detect_edges(image):
    return iter(int, 1)
