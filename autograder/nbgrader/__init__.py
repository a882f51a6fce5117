"""What ``nbgrader autograde`` and the formgrader's button grade with; nbgrader_config.py names it by its path.

`SubmissionExporter` keeps nbgrader from opening students' files, `Grade` takes the place of running them.
"""

from autograder.nbgrader.exporter import SubmissionExporter
from autograder.nbgrader.grade import Grade

__all__ = ["Grade", "SubmissionExporter"]
