"""All settings of the course: nbgrader's and the autograder's own.

Run nbgrader in this folder, where it finds this file. The autograder's own settings start with ``c.Course`` and
``c.Grade``. Those of ``c.Course`` must be literals, because they are read without running the file. All of them are
here; those that are commented out show their defaults.
"""

c = get_config()  # noqa: F821 - nbgrader provides it

# --- The course ----------------------------------------------------------------------------------
# The name of this course in nbgrader's exchange and gradebook.
c.CourseDirectory.course_id = "medical-image-classification"

# Exercises in the order of the lecture; each is solutions/<name>.py with tests/checks/<name>/. Solutions that are not
# named here follow in alphabetical order. `autograder new` adds a name at the end.
c.Course.exercises = ["tensor_ops", "data_split", "mlp", "convolution", "cnn", "resnet", "interpretability"]
# Exercises whose points are a bonus. Default: [].
c.Course.optional = ["interpretability"]
# Seconds of computing time that one cell of a submission may take. What it defined until it is stopped counts.
# c.Course.cell_seconds = 10
# Seconds of computing time that all cells of a submission may take together.
# c.Course.all_cells_seconds = 120
# Older releases whose submissions are graded by their own checks, if the questions have changed since. Default: [].
# c.Course.accepted_releases = []

# --- Folders -------------------------------------------------------------------------------------
# `autograder build` writes the first three; nbgrader's own commands use the same folders.
c.CourseDirectory.source_directory = "release/source"  # instructors' notebooks, made from solutions/
c.CourseDirectory.release_directory = "release/student"  # what students get
c.CourseDirectory.solution_directory = "release/solution"  # solved and run, to hand out after the deadline

# Submissions and what is made from them. Never commit any of this.
c.CourseDirectory.submitted_directory = "submitted"
c.CourseDirectory.autograded_directory = "autograded"
c.CourseDirectory.feedback_directory = "feedback"

# --- Making the student release ------------------------------------------------------------------
# nbgrader's own steps, except that NamedStubs replaces ClearSolutions, so that a stub names its question. Steps for
# hidden tests and test templates in notebooks are left out, because hidden checks are never in a notebook.
c.GenerateAssignment.preprocessors = [
    "nbgrader.preprocessors.IncludeHeaderFooter",
    "nbgrader.preprocessors.LockCells",
    "autograder.release.preprocessors.NamedStubs",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.SaveCells",
]

# --- Making the solution release -----------------------------------------------------------------
# nbgrader's own steps, and one that strips the markers of solution regions.
c.GenerateSolution.preprocessors = [
    "nbgrader.preprocessors.IncludeHeaderFooter",
    "nbgrader.preprocessors.LockCells",
    "nbgrader.preprocessors.ClearOutput",
    "autograder.release.preprocessors.StripMarkers",
    "nbgrader.preprocessors.Execute",
]
# nbgrader's default is read-only, but every build replaces these files.
c.GenerateSolution.permissions = 644

# Seconds per cell; training takes longer than nbgrader's default of 30.
c.Execute.timeout = 300
# No execution times in notebooks, so that the same sources give the same bytes.
c.Execute.record_timing = False

# --- Grading with nbgrader -----------------------------------------------------------------------
# `nbgrader autograde` and the formgrader's button grade in the autograder's sandbox, as `autograder grade` does.
# nbgrader's own steps would open students' files and run their code here. See docs/nbgrader.md.
c.Autograde.exporter_class = "autograder.integrations.nbgrader.SubmissionExporter"
c.Autograde.sanitize_preprocessors = ["autograder.integrations.nbgrader.Grade"]
c.Autograde.autograde_preprocessors = ["nbgrader.preprocessors.AssignLatePenalties"]
# Let a score go down when a submission is graded again; otherwise the higher one is kept.
# c.Grade.allow_lower = False
# Go on if only sandbox tier C or D works: student code could read your files and use your network.
# c.Grade.allow_weak_sandbox = False
# The penalty for late submissions: "none" keeps their points, "zero" takes all of them.
c.LateSubmissionPlugin.penalty_method = "none"

# --- Feedback by nbgrader --------------------------------------------------------------------------
# `nbgrader generate_feedback` and the formgrader's button write the page of `autograder feedback`, with points and
# comments entered by teachers. Without this line, they write the notebook with a table below each question.
c.GenerateFeedback.exporter_class = "autograder.integrations.nbgrader.FeedbackExporter"

# --- Taking submissions from a learning platform ---------------------------------------------------
# How `nbgrader zip_collect` reads the names in Moodle's and Canvas's "Download all submissions":
#   Moodle  <full name>_<number>_assignsubmission_file_/<exercise>.ipynb, or without the folder
#   Canvas  <lastnamefirstname>_<user>_<submission>_<exercise>.ipynb, with _LATE before the numbers or -1 at the end
c.FileNameCollectorPlugin.named_regexp = (
    r".*/(?P<student_id>[^/_]+)_(?:LATE_)?\d+_(?:assignsubmission_file_?/?|\d+_)"
    r"(?P<file_id>[^/]+?)(?:-\d+| \(\d+\))?\.ipynb$"
)
