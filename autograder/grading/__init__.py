"""Grade a class: read submissions, run them in the sandbox, store the results."""
