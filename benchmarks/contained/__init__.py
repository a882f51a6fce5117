"""What a container of Gradescope's does to a submission: limits, walls, and folders where they lie there."""
