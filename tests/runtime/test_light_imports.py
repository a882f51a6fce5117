"""Large libraries come without their costly parts, and whole to those who import them afterwards."""

from __future__ import annotations

import subprocess
import sys


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_gradebook_comes_without_the_servers_of_nbgrader():
    code = (
        "import sys\nfrom autograder.runtime.large_libraries import nbgrader\nnbgrader().api.Gradebook\n"
        "parts = ('nbgrader.server_extensions', 'nbgrader.apps', 'nbconvert', 'rfc3987_syntax', 'notebook')\n"
        "print([name for name in parts if name in sys.modules])"
    )
    assert run_python(code) == "[]"


def test_who_imports_nbgrader_afterwards_gets_it_whole():
    code = (
        "from autograder.runtime.large_libraries import nbgrader\napi = nbgrader().api\n"
        "import nbgrader, nbgrader.apps\nfrom nbgrader.api import Gradebook\n"
        "print(Gradebook is api.Gradebook, nbgrader.__version__, hasattr(nbgrader, 'load_formgrader'))"
    )
    assert run_python(code) == "True 0.9.6 True"


def test_where_nbgrader_is_there_already_it_is_used():
    code = (
        "import nbgrader.api\nfrom autograder.runtime import large_libraries\n"
        "print(large_libraries.nbgrader().api is nbgrader.api)"
    )
    assert run_python(code) == "True"


def test_the_version_of_new_tables_is_the_one_that_alembic_prints():
    code = (
        "import os, sys, sysconfig\nimport nbgrader.api as api\n"
        "os.environ['PATH'] = sysconfig.get_path('scripts') + os.pathsep + os.environ['PATH']\n"
        "theirs = api.get_alembic_version()\n"
        "from autograder.runtime import large_libraries\nown = large_libraries.nbgrader().api.get_alembic_version()\n"
        "print(theirs == own, bool(own))"
    )
    assert run_python(code) == "True True"


def test_jupytext_comes_without_a_grammar_of_urls():
    code = (
        "import sys\nfrom autograder.runtime.large_libraries import jupytext\njupytext().reads\n"
        "print('rfc3987_syntax' in sys.modules)"
    )
    assert run_python(code) == "False"


def test_the_version_is_that_of_what_is_installed():
    code = (
        "import autograder, sys\nprint('importlib.metadata' in sys.modules, autograder.__version__ == "
        "__import__('importlib.metadata').metadata.version('medical-image-autograder'))"
    )
    assert run_python(code) == "False True"
