"""The one file of course settings: nbgrader's, and the autograder's own.

Run nbgrader from this folder: it reads this file by itself. Settings of ours start with ``c.Course``, which are
read without running the file, so they must be literals, and with ``c.Grade``. All of them are here; one that is
commented out shows its default.
"""

c = get_config()  # noqa: F821 - nbgrader provides it

# --- The course ----------------------------------------------------------------------------------
# What nbgrader's exchange and gradebook call this course.
c.CourseDirectory.course_id = "medical-image-classification"

# Exercises in the order of the lecture; each is solutions/<name>.py with tests/checks/test_<name>.py. Any solution that
# is not named here comes after them, in alphabetical order. `autograder new` adds a name at the end.
c.Course.exercises = ["tensor_ops", "data_split", "mlp", "convolution", "cnn", "resnet", "interpretability"]
# Those whose points are a bonus. Default: none, [].
c.Course.optional = ["interpretability"]

# --- Folders -------------------------------------------------------------------------------------
# `autograder build` writes the first three; nbgrader's own steps read and write the same ones.
c.CourseDirectory.source_directory = "release/source"  # instructors' notebooks, made from solutions/
c.CourseDirectory.release_directory = "release/student"  # what students get
c.CourseDirectory.solution_directory = "release/solution"  # solved and run, to hand out after the deadline

# What students hand in, and what becomes of it. None of this is ever committed.
c.CourseDirectory.submitted_directory = "submitted"
c.CourseDirectory.autograded_directory = "autograded"
c.CourseDirectory.feedback_directory = "feedback"

# --- Making the student release ------------------------------------------------------------------
# nbgrader's own steps, but for NamedStubs in place of ClearSolutions: a stub names its question. Steps that
# serve hidden tests or test templates inside notebooks are left out: hidden checks are never in a notebook.
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
# As nbgrader does it, without the markers of solution regions.
c.GenerateSolution.preprocessors = [
    "nbgrader.preprocessors.IncludeHeaderFooter",
    "nbgrader.preprocessors.LockCells",
    "nbgrader.preprocessors.ClearOutput",
    "autograder.release.preprocessors.StripMarkers",
    "nbgrader.preprocessors.Execute",
]
# nbgrader's default is read-only; a release is built anew again and again.
c.GenerateSolution.permissions = 644

# Seconds that one cell may take; training cells take longer than nbgrader's 30.
c.Execute.timeout = 300
# No times of execution in notebooks: the same sources give the same bytes.
c.Execute.record_timing = False

# --- Grading with nbgrader -----------------------------------------------------------------------
# `nbgrader autograde` and the formgrader's button grade in the autograder's sandbox, as `autograder grade` does.
# nbgrader's own steps would open students' files and run their code; what they mend is mended. See docs/nbgrader.md.
c.Autograde.exporter_class = "autograder.integrations.nbgrader.SubmissionExporter"
c.Autograde.sanitize_preprocessors = ["autograder.integrations.nbgrader.Grade"]
c.Autograde.autograde_preprocessors = ["nbgrader.preprocessors.AssignLatePenalties"]
# Let a score go down when a submission is graded again; otherwise the higher one is kept.
# c.Grade.allow_lower = False
# Go on where only sandbox tier C or D is possible: student code could read your files and use your network.
# c.Grade.allow_weak_sandbox = False
# What becomes of late submissions: "none" leaves their points, "zero" takes all of them.
c.LateSubmissionPlugin.penalty_method = "none"

# --- Feedback by nbgrader --------------------------------------------------------------------------
# `nbgrader generate_feedback` and the formgrader's button write the page that `autograder feedback` writes, with what
# teachers entered. Without this line, they write the notebook with a table below each question.
c.GenerateFeedback.exporter_class = "autograder.integrations.nbgrader.FeedbackExporter"

# --- Taking submissions from a learning platform ---------------------------------------------------
# How `nbgrader zip_collect` reads the names in Moodle's and Canvas's "Download all submissions":
#   Moodle  <full name>_<number>_assignsubmission_file_/<exercise>.ipynb, or without the folder
#   Canvas  <lastnamefirstname>_<user>_<submission>_<exercise>.ipynb, with _LATE before the numbers or -1 at the end
c.FileNameCollectorPlugin.named_regexp = (
    r".*/(?P<student_id>[^/_]+)_(?:LATE_)?\d+_(?:assignsubmission_file_?/?|\d+_)"
    r"(?P<file_id>[^/]+?)(?:-\d+| \(\d+\))?\.ipynb$"
)
