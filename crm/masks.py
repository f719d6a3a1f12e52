"""Personal data shown to those who may know that it is there, but not what it is."""

LONG_NUMBER = 9  # digits from which seven can be shown


def masked_name(name: str) -> str:
    """The first character alone: a surname in Chinese, an initial elsewhere."""
    return f"{name[:1]}**"


def masked_phone(e164: str) -> str:
    """The first three and last four digits; fewer of a short number."""
    digits = e164.removeprefix("+86")
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= LONG_NUMBER else f"****{digits[-2:]}"


def masked_email(email: str) -> str:
    """The first letter and the domain."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}***@{domain}"
