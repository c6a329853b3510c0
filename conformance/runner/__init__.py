"""The conformance runner: drives every implementation and compares what they say."""
