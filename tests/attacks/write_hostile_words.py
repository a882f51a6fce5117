"""Puts escape sequences, formulas, scripts, markup and lone surrogates into all text that the grader shows.

Must happen: terminal, tables, files and pages show them as plain text, and no file becomes unreadable.
"""

# %% place="first" outcome="failed"
raise ValueError(
    "\x1b]0;owned\x07\x1b[2J\x9b31m\x00\ud800\u202e=HYPERLINK(1)</script><script>alert('breach')</script>"
    "[bold red]rich[/] [/] {{ cell.source }} {% raw %}\r\n=1+1\n+1+1\n-1+1\n@SUM(1)\t"
)


# %% question="maxout" outcome="failed"
def maxout(x, w1, b1, w2, b2):
    kind = type("</script><script>alert('breach')</script>", (ValueError,), {})
    raise kind("\x1b[31m=cmd|' /C calc'!A0\ud800</td><script>alert('breach')</script>\u2028\u202e[/bold]")


# %% question="standardise" outcome="failed"
def standardise(x, eps=1e-8):
    return "\x1b[31m<script>alert('breach')</script>\ud800"


# %% question="gradient" outcome="failed not_attempted"
def gradient(f, x):
    raise NotImplementedError("<script>alert('breach')</script> is not implemented yet \x1b[2J")
