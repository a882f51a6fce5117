"""Submissions: found, read as data, and with the course's own cells as they were handed out."""
