"""Test the checks: right answers must pass, every known mistake must be caught, junk must not break them."""
