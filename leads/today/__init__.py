"""The day as its reader sees it: today's figures, what waits for somebody, how the brands and campaigns do, and what just happened."""
