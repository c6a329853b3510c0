"""Vectors and their generators."""
