"""The ``careline`` command."""
