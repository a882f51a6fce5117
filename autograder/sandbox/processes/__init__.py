"""The processes of the sandbox: launcher, zygote, monitor, worker and checker."""
