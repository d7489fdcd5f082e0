"""What a supplier asks to be shown: edits, packs, submissions, and taking them back."""
