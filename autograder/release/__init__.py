"""Build releases from solved modules: stubs, notebooks, bundles for platforms, and a scan for leaks."""
