"""QR codes as drawings that stand in a page which lets no style in. Refuses nothing that fits into one."""

import segno


def on_page(text: str) -> str:
    """The code as inline SVG, as wide as its place; always a full QR code, for telephones cannot read the micro kind."""
    drawn: str = segno.make_qr(text, error="m").svg_inline(border=4, omitsize=True, svgclass="mq-qr", lineclass=None)
    return drawn
