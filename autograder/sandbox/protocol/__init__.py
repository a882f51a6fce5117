"""What crosses between the processes of the sandbox: frames, values and messages."""
