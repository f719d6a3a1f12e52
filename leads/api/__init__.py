"""Doors for machines: sources bring leads in, dealers work their inbox. Each door reads, calls one verb, answers."""
