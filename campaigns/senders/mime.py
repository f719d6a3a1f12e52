"""A letter as the bytes of a mail: text and HTML beside each other, in UTF-8, with the headers by which mailboxes offer to unsubscribe.

Promises mails that any reader of RFC 5322 can read, one-click unsubscribing after RFC 8058 on every marketing mail, and no header that a value
could break open.
"""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from campaigns.senders.letters import Letter


def written(letter: Letter, *, sender: str, at: datetime) -> EmailMessage:
    """The mail; `sender` is an address, with or without a name, which the letter's own sender's name goes before."""
    name, address = parseaddr(sender)
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(display_name=_one_line(letter.sender) or name, addr_spec=address)
    mail["To"] = Address(addr_spec=letter.to)
    mail["Subject"] = _one_line(letter.subject)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = letter.message_id
    mail["Content-Language"] = letter.language
    if letter.unsubscribe:
        mail["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    else:
        mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.text)
    if letter.html:
        mail.add_alternative(letter.html, subtype="html")
    if letter.calendar:
        content, method = letter.calendar
        mail.add_attachment(
            content, maintype="text", subtype="calendar", filename="event.ics", params={"method": method}
        )
    return mail


def _one_line(text: str) -> str:
    return " ".join(text.split())
