"""Joint work between brands and what came of it. May import crm, never leads."""
