"""The steps by which the tables of this app came to be; each is run once, in order, by `marquee migrate`."""
