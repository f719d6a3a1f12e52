"""Who exists, what they agreed to, who may see what. Imports nothing of ours from outside this package."""
