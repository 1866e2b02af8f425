"""Parts of tensors: taking them out, and putting others in their place."""
