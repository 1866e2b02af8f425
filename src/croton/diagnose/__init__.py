"""What shows and checks programs: text forms, the story of a compile, modes that watch each node."""
