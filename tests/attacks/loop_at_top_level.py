"""Loops for ever in a cell, before any question is answered.

Must happen: the cell is stopped and left out; every answer after it is graded as if it had not been there.

Demo: yes
"""

# %% place="first"
while True:
    pass
