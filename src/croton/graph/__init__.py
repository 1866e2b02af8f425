"""What a program is: variables, the operations that make them, and graphs of both."""
