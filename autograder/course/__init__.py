"""A course: its files, read once into immutable values."""

from autograder.course.reader import find_root, load_course
from autograder.course.settings import CONFIG_NAME
from autograder.course.structure import Check, CheckFiles, Course, Exercise, Question

__all__ = ["CONFIG_NAME", "Check", "CheckFiles", "Course", "Exercise", "Question", "find_root", "load_course"]
