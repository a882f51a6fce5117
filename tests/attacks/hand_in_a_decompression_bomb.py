"""Submits an archive that unpacks to ten gigabytes, and whose members escape from their folder.

Must happen: archives are never unpacked; the student is told to submit the notebook.

File: unreadable
"""

import zipfile


def hand_in(notebook):
    """Replace the notebook by an archive."""
    with zipfile.ZipFile(notebook.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../../../tmp/autograder-breach-zip", "out")
        archive.writestr("/tmp/autograder-breach-zip", "out")
        with archive.open("convolution.ipynb", "w") as member:
            for _ in range(64):
                member.write(bytes(2**20))
    notebook.unlink()
