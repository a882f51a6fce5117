"""The one file of course settings: nbgrader's, and the autograder's own.

Run nbgrader from this folder: it reads this file by itself. Settings of ours start with ``c.Course``.
"""

c = get_config()  # noqa: F821 - nbgrader provides it

# --- The course ----------------------------------------------------------------------------------
c.CourseDirectory.course_id = "medical-image-classification"

# Exercises in the order of the lecture; each is solutions/<name>.py with tests/checks/test_<name>.py.
c.Course.exercises = ["tensor_ops", "convolution"]
