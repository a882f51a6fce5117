"""The protocol between the processes of the sandbox: frames, values and messages."""
