"""Large libraries are imported without their expensive parts, and later imports get the whole library."""

from __future__ import annotations

import subprocess
import sys


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_gradebook_is_imported_without_nbgraders_servers():
    code = (
        "import sys\nfrom autograder.runtime.large_libraries import nbgrader\nnbgrader().api.Gradebook\n"
        "parts = ('nbgrader.server_extensions', 'nbgrader.apps', 'nbconvert', 'rfc3987_syntax', 'notebook')\n"
        "print([name for name in parts if name in sys.modules])"
    )
    assert run_python(code) == "[]"


def test_a_later_import_of_nbgrader_gets_all_of_it():
    code = (
        "from autograder.runtime.large_libraries import nbgrader\napi = nbgrader().api\n"
        "import nbgrader, nbgrader.apps\nfrom nbgrader.api import Gradebook\n"
        "print(Gradebook is api.Gradebook, nbgrader.__version__, hasattr(nbgrader, 'load_formgrader'))"
    )
    assert run_python(code) == "True 0.9.6 True"


def test_nbgrader_is_used_as_it_is_if_it_was_imported_already():
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


def test_jupytext_is_imported_without_a_grammar_of_urls():
    code = (
        "import sys\nfrom autograder.runtime.large_libraries import jupytext\njupytext().reads\n"
        "print('rfc3987_syntax' in sys.modules)"
    )
    assert run_python(code) == "False"


def test_the_version_is_that_of_the_installed_package():
    code = (
        "import autograder, sys\nprint('importlib.metadata' in sys.modules, autograder.__version__ == "
        "__import__('importlib.metadata').metadata.version('medical-image-autograder'))"
    )
    assert run_python(code) == "False True"
