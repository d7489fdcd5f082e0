"""A service as small as one can be, for the tests of the shared library."""
