"""Grade Gradescope's submission: ``run_autograder`` starts ``python -m autograder.integrations.gradescope``."""

from autograder.integrations.gradescope.container import Places, grade_submission

grade_submission(Places())
