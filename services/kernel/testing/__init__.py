"""Fakes that ship with the kernel, and a harness that runs a lane without a broker."""
