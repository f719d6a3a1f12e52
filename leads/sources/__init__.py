"""Where leads come from besides our own API: spreadsheets of event desks, and what it takes to read them."""
