"""A course: its files, read once into immutable values."""

from autograder.course.model import Check, CheckFiles, Course, Exercise, Question
from autograder.course.reader import CONFIG_NAME, find_root, load_course

__all__ = [
    "CONFIG_NAME",
    "Check",
    "CheckFiles",
    "Course",
    "Exercise",
    "Question",
    "find_root",
    "load_course",
]
