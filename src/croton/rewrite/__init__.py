"""The rewrite engine: rules as data, one driver, a pipeline that can be printed. It knows nodes, not operations."""
