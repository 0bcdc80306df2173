"""Benchmarks: every figure of ours beside a floor measured in the same run medians of interleaved rounds.

`python -m bench [NAME …]`, or `make bench`. A measure is one file in `bench/measures/` with `measure(ground)`; it is found
by being there. Nothing here is imported by the house, and no test asserts a time.
"""
