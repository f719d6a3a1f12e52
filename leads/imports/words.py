"""What is said of rows, in the language of whoever reads it: faults are kept in English, as they were found.

Promises that what nobody translated is shown as it was kept. Column names stay as their file writes them.
"""

import re

from crm.languages import later, say, spoken

# Sentences as the readers of sheets say them; what varies in one is named.
SENTENCES = tuple(
    (re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+?)", re.escape(text))), text)
    for text in (
        later("This number came before with other contents; what came first stands."),
        later("This number came before; it changes nothing."),
        later("Taken in without it."),
        later("This guest came before; it changes nothing."),
        later(
            "This guest came before with other contents; what came first stands. Guests who share a contact need a number each."
        ),
        later("This guest came before and was cancelled since; it stays so."),
        later("This time is full; they stand on its waiting list."),
        later("The event is full, so no time is booked for them yet."),
        later("Say when they agreed, such as 2025-09-01 10:04; newer answers go before older ones."),
        later("Only guests of your own brand can be brought in by you; leave other brands’ cars out."),
        later("No brand of this campaign is named in the row, so the answer is for nobody."),
        later("Write 中文 or English, or leave it empty."),
        later("No such time can be booked; write when it begins, such as 2026-05-01 10:00, or its name."),
        later("Several times begin then; write the name of the one they want, or one car."),
        later("There is no contact; give a phone number or an e-mail address."),
        later("The guest was there."),
        later("The guest had been written to: the place is cancelled, and they are told so."),
        later("This event is over."),
        later("This time can no longer be booked; please choose another one."),
        later("Some letters of this line are lost; mend them and save the file as CSV UTF-8."),
        later("There are more cells than columns; put a cell that holds a delimiter in quotes."),
        later("This is longer than %(count)s characters; shorten it."),
        later("Give the registration number; a row without one cannot be told from another."),
        later("The spreadsheet rounded this number; format the column as text."),
        later("Give the day and time of registration, such as 2025-09-01 10:04."),
        later("This time is yet to come; correct the day and year."),
        later("Stars hide digits of this number; give the whole number or another contact."),
        later("There is no contact; give a phone number, an e-mail address or a unionid."),
        later("This names no car; leave it empty or write one, such as 问界M9."),
        later("There is no such car; the nearest is %(car)s."),
        later("There is no such car; known are %(cars)s."),
        later("Write 是 or 否 (Y or N), or leave it empty when nobody asked."),
        later("Too many digits are hidden; give the whole number, or at least its first three and last four."),
        later("This is a privacy number with an extension, which expires; ask for the person's own number."),
        later("This is not a telephone number; give 11 digits, or + and the country code."),
        later("This is not a complete telephone number; give 11 digits, or area code and number."),
        later("This is a service number; give a number on which the person can be called."),
        later("This is not an e-mail address; write it like name@example.com."),
        later("Give a phone number, an e-mail address or a WeChat identity."),
        later("A store accepted it."),
        later("Somebody merged this person with another."),
        later("Somebody worked on it: a note, a task or a change."),
        later("Somebody steered it: an offer by hand, the alliance queue, a re-check or a mark of spam."),
        later("Somebody noted something about this person or recorded a consent."),
        later("Row %(row)s already describes this store; keep one of them."),
        later("The store closes before it opens; correct the hours."),
        later("Give a code of up to 30 characters without spaces."),
        later("Give the store's name, up to 120 characters."),
        later("Use one of %(codes)s."),
        later("Give one or more of %(codes)s, separated by semicolons."),
        later("This is a former code; the place is %(code)s today."),
        later("Give the six-digit GB/T 2260 code of today's district, or of a city that has none."),
        later("Give degrees with a decimal point, such as 104.06476."),
        later("This lies outside China; longitude and latitude look exchanged."),
        later("This lies outside China; give degrees from %(least)s to %(most)s."),
        later("Give a whole number from %(least)s to 100000."),
        later("Give a whole number from %(least)s."),
        later("Give the time as HH:MM, such as 09:00."),
        later("This file cannot be read: it is an Excel workbook; save it as CSV UTF-8 and import that."),
        later("This file cannot be read: it is empty."),
        later(
            "This file cannot be read: it is a web page or XML under another name; open it and save it as CSV UTF-8."
        ),
        later("This file cannot be read: it has no line with the names of its columns."),
        later("This is not a stores file: it is a workbook; save it as CSV UTF-8."),
        later("This is not a stores file: its first line has no column names."),
    )
)


def in_words(reason: str | None) -> str:
    """A reason in the language of this request."""
    if not reason or spoken() == "en":
        return reason or ""
    for pattern, text in SENTENCES:
        reason = pattern.sub(lambda found, text=text: say(text) % found.groupdict(), reason)  # type: ignore[misc]
    return reason
