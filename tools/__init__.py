"""Programs that maintainers run before a release; see docs/maintaining.md."""
