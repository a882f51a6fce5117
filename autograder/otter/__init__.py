"""Our checks as otter-grader's tests: ``grader.check("conv2d")`` for students, ``otter run`` for graders.

https://otter-grader.readthedocs.io/en/latest/test_files/python_format.html
"""
