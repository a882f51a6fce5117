"""Answers one question with an endless loop that no exception can end.

Must happen: each check of this question times out by itself; all other questions are graded as usual.

Demo: yes
"""


# %% question="flatten_images"
def flatten_images(images):
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue
