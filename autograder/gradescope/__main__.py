"""What ``run_autograder`` starts: ``python -m autograder.gradescope``."""

from autograder.gradescope.places import Places
from autograder.gradescope.run import grade_submission

grade_submission(Places())
