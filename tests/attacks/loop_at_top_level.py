"""Loops forever in a cell, before any question is answered.

Must happen: the cell is stopped and skipped; every answer after it is graded as if the cell did not exist.

Demo: yes
"""

# %% place="first"
while True:
    pass
