"""Golden stores and how they were made."""
