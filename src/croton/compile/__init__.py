"""From variables to a function: what goes in and out, where state is kept, how it is compiled."""
