"""Prints without end, and returns a string of one gigabyte.

Must happen: the output is dropped, the string is refused or hits the memory limit, and nothing fills up.

Demo: yes
"""

# %% place="first"
import sys

for _ in range(20_000):
    print("full marks, full marks, full marks " * 100)
    sys.stderr.write("score: 100/100 " * 100)


# %% question="maxout"
def maxout(x, w1, b1, w2, b2):
    return "score: 100/100 " * 70_000_000
