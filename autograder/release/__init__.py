"""From solved modules to what is handed out: stubs, notebooks, public checks, and a scan for leaks."""
