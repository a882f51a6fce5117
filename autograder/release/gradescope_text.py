"""The two scripts that Gradescope runs: ``setup.sh`` builds an assignment's image, ``run_autograder`` grades in it.

`autograder.release.gradescope` fills in the versions of Python. ``python -m tests.gradescope.bare_root`` runs both as
Gradescope does.
"""

from __future__ import annotations

CHOOSE_PYTHON = """\
# Prints the image's Python that the grader can run with; fails if there is none. Student code runs as other users, so
# every folder above the Python must be open to them: one below /root is of no use.
choose_python() {
  local name
  for name in python3 @NAMES@; do
    if "$name" -c '
import ensurepip, os, sys, venv
version, folder = "%d.%d" % sys.version_info[:2], os.path.realpath(sys.executable)
usable = version in sys.argv[1:] and sys.version_info[3] == "final"
while folder != "/":
    folder = os.path.dirname(folder)
    usable = usable and os.stat(folder).st_mode & 1
sys.exit(not usable)' @VERSIONS@ 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  return 1
}
"""

SETUP = (
    """\
#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image of this assignment.
set -euo pipefail
trap 'echo "setup.sh failed in line $LINENO: read the lines above it, then build the image again." >&2' ERR
# Everything that student code may read is below HERE; the checks, below /autograder, are closed to it.
HERE=/usr/local/autograder
SOURCE=/autograder/source
export DEBIAN_FRONTEND=noninteractive PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
export UV_PYTHON_INSTALL_DIR=$HERE/python UV_CACHE_DIR=/tmp/uv-cache UV_TORCH_BACKEND=${UV_TORCH_BACKEND:-cpu}

"""
    + CHOOSE_PYTHON
    + """
mkdir -p "$HERE"
apt-get update -q
apt-get install -qy --no-install-recommends python3-venv
# uv finds PyTorch's builds for the CPU, and brings a Python along. In an environment of its own: not part of the image.
python3 -m venv /tmp/uv
UV=/tmp/uv/bin/uv
/tmp/uv/bin/pip install -q uv || echo "uv could not be installed; going on without it."
if PYTHON=$(choose_python); then
  echo "Using $PYTHON of this image."
  "$PYTHON" -m venv "$HERE/venv"
else
  echo "This image has none of Python @LISTED@ (with venv, and open to all users); downloading @BROUGHT@."
  "$UV" venv --seed --python @BROUGHT@ "$HERE/venv" || {
    echo "Choose a base image with one of these versions, such as Ubuntu 24.04, then build again." >&2
    exit 1
  }
fi
if ! "$UV" pip install --python "$HERE/venv/bin/python" -r "$SOURCE/requirements.txt"; then
  echo "uv could not install the packages. pip tries next: without a GPU it works as well, but takes about 4 GB more."
  "$HERE/venv/bin/pip" install -q --progress-bar off -r "$SOURCE/requirements.txt"
fi
SITE=$("$HERE/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
cp -r "$SOURCE/autograder" "$SITE/"
chmod -R a+rX "$HERE"
rm -rf /tmp/uv /tmp/uv-cache
cd / && "$HERE/venv/bin/python" -c 'import torch, autograder.gradescope.run'
echo "The grader is installed."
"""
)

RUN = """\
#!/usr/bin/env bash
# Gradescope runs this, as root, for each submission.
cd / && exec /usr/local/autograder/venv/bin/python -P -m autograder.gradescope
"""
