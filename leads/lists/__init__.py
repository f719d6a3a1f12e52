"""Lists of leads as staff work through them: an address becomes filters, filters a statement, its rows what a reader may see."""
