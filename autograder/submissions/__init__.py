"""Submissions: find them, read them as data, and restore the course's own cells."""
