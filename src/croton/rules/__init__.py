"""What is equal to what: the rewrite rules, by family."""
