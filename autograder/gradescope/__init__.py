"""Our checks and our sandbox in a container of Gradescope's."""
