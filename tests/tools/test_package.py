"""Which files `make package` misses or refuses in a source distribution and a wheel."""

import pytest

from tools.package import FILES, problems_of

PACKAGE = {"autograder/__init__.py", "autograder/py.typed"}
SDIST = PACKAGE | FILES | {"medical_image_autograder.egg-info/PKG-INFO"}
WHEEL = PACKAGE | {"medical_image_autograder-0.1.0.dist-info/METADATA"}


def test_nothing_is_wrong():
    assert problems_of(SDIST, WHEEL, PACKAGE) == []


@pytest.mark.parametrize(
    "name", ["tests/submissions/test_read.py", "solutions/cnn.py", "requirements.lock", "autograders/x.py"]
)
def test_the_course_is_in_neither(name):
    assert problems_of(SDIST | {name}, WHEEL, PACKAGE) == [f"the source distribution must not hold: {name}"]
    assert problems_of(SDIST, WHEEL | {name}, PACKAGE) == [f"the wheel must not hold: {name}"]


def test_all_of_the_package_is_in_both():
    missing = {"autograder/py.typed"}
    assert problems_of(SDIST - missing, WHEEL - missing, PACKAGE) == [
        "the source distribution lacks: autograder/py.typed",
        "the wheel lacks: autograder/py.typed",
    ]
