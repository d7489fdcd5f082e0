"""The labour register: skills, wishes, jobs and matches; masked."""
