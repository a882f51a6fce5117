# %% right="format"
# ruff: noqa - the answers of a question stand side by side
class Greeter:
    def __init__(self, word="Hello"):
        self.word, self.greeted = word, []

    def greet(self, name):
        if name == "":
            raise ValueError("no name")
        self.greeted.append(name)
        return "{}, {}!".format(self.word, name)


# %% right="a property"
class Greeter:
    def __init__(self, word="Hello"):
        self._word, self._names = word, ()

    @property
    def greeted(self):
        return list(self._names)

    def greet(self, name):
        if not len(name):
            raise ValueError("no name")
        self._names += (name,)
        return self._word + ", " + name + "!"


# %% right="a dataclass"
from dataclasses import dataclass, field


@dataclass
class Greeter:
    word: str = "Hello"
    greeted: list = field(default_factory=list)

    def greet(self, name):
        if not name:
            raise ValueError("no name")
        self.greeted.append(name)
        return f"{self.word}, {name}!"


# %% wrong="the word is fixed" caught_by="word"
class Greeter:
    def __init__(self, word="Hello"):
        self.greeted = []

    def greet(self, name):
        if not name:
            raise ValueError("no name")
        self.greeted.append(name)
        return f"Hello, {name}!"


# %% wrong="an empty name is greeted" caught_by="empty_name"
class Greeter:
    def __init__(self, word="Hello"):
        self.word, self.greeted = word, []

    def greet(self, name):
        self.greeted.append(name)
        return f"{self.word}, {name}!"


# %% wrong="only the last name is remembered" caught_by="remembers_everybody"
class Greeter:
    def __init__(self, word="Hello"):
        self.word, self.greeted = word, []

    def greet(self, name):
        if not name:
            raise ValueError("no name")
        self.greeted = [name]
        return f"{self.word}, {name}!"
