"""Everything that Portaria talks to, as real servers on this machine.

The stand-ins import nothing of the application: they know it only over HTTP and
through the entry point that AWS would call.
"""
