# %% [markdown]
# # Greetings
#
# Two small questions about manners, with a sum: $1 + 1 = 2$.

# %%
from collections.abc import Iterable

# %% [markdown]
# ## Adding up
#
# How many guests come, if each invitation says how many it is for?


# %% question="add"
def add(numbers: Iterable[float]) -> float:
    """Return the sum of the numbers; 0 for none."""
    ### BEGIN SOLUTION
    total = 0
    for number in numbers:
        # one guest after the other
        total = total + number
    return total
    ### END SOLUTION


# %% tags=["active-ipynb"]
# try:
#     print("guests:", add([2, 3]))
# except NotImplementedError:
#     print("write `add` first, then run this cell again")


# %% [markdown]
# ## Greeting
#
# A greeter knows one word and remembers whom it greeted.

# %%
EXCLAMATION = "!"


# %% question="Greeter"
class Greeter:
    """Greets people with one word; ``greeted`` holds their names in order."""

    def __init__(self, word: str = "Hello") -> None:
        ### BEGIN SOLUTION
        self.word = word
        self.greeted: list[str] = []
        ### END SOLUTION

    def greet(self, name: str) -> str:
        """Return the greeting of one person, as in ``Hello, Ada!``; an empty name raises ``ValueError``."""
        ### BEGIN SOLUTION
        if not name:
            raise ValueError("a greeting needs a name")
        self.greeted.append(name)
        return f"{self.word}, {name}{EXCLAMATION}"
        ### END SOLUTION
