# %% right="the builtin"
# ruff: noqa - the answers of a question stand side by side
def add(numbers):
    return sum(numbers)


# %% right="reduce"
from functools import reduce


def add(numbers):
    return reduce(lambda total, number: total + number, numbers, 0)


# %% right="recursion"
def add(numbers):
    first, *others = list(numbers) or [0]
    return first + add(others) if others else first


# %% wrong="the last number is forgotten" caught_by="two_invitations"
def add(numbers):
    return sum(list(numbers)[:-1])


# %% wrong="only the first two numbers" caught_by="large_crowd"
def add(numbers):
    return sum(list(numbers)[:2])


# %% wrong="fails for nobody" caught_by="nobody_invited"
def add(numbers):
    total, *others = numbers
    for number in others:
        total += number
    return total
