"""Benchmarks: figures and ratios, never a verdict. `make bench` runs all, `make bench NAME=intake` one."""
