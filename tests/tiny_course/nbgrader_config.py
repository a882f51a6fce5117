"""Settings of a second course, which has nothing to do with images: the package must grade it unchanged."""

c = get_config()  # noqa: F821 - nbgrader provides it

c.CourseDirectory.course_id = "good-manners"
c.Course.exercises = ["greetings"]

c.CourseDirectory.source_directory = "release/source"
c.CourseDirectory.release_directory = "release/student"
c.CourseDirectory.solution_directory = "release/solution"

c.GenerateAssignment.preprocessors = [
    "nbgrader.preprocessors.IncludeHeaderFooter",
    "nbgrader.preprocessors.LockCells",
    "autograder.release.preprocessors.NamedStubs",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.SaveCells",
]
c.GenerateSolution.preprocessors = [
    "nbgrader.preprocessors.IncludeHeaderFooter",
    "nbgrader.preprocessors.LockCells",
    "nbgrader.preprocessors.ClearOutput",
    "autograder.release.preprocessors.StripMarkers",
    "nbgrader.preprocessors.Execute",
]
c.GenerateSolution.permissions = 644
c.Execute.record_timing = False

c.Autograde.exporter_class = "autograder.integrations.nbgrader.SubmissionExporter"
c.Autograde.sanitize_preprocessors = ["autograder.integrations.nbgrader.Grade"]
c.Autograde.autograde_preprocessors = ["nbgrader.preprocessors.AssignLatePenalties"]

c.GenerateFeedback.exporter_class = "autograder.integrations.nbgrader.FeedbackExporter"
