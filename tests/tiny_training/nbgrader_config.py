"""Settings of a course with one exercise that trains, in milliseconds: for the tests of calibration."""

c = get_config()  # noqa: F821 - nbgrader provides it

c.CourseDirectory.course_id = "perceptrons"
c.Course.exercises = ["perceptron"]

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
