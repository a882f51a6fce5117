"""Show results in the terminal and as HTML pages."""
