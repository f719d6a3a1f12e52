"""QR codes that phones read from paper and screen: drawn into a page, or as a file to keep.

Promises dark on white in every theme, and a drawing without styles or scripts of its own.
"""

import io

import segno

WHITE = "#ffffff"


def inline(text: str) -> str:
    """The drawing as markup for a page; its size is the style sheet's."""
    drawn: str = _made(text).svg_inline(border=3, light=WHITE, omitsize=True)
    return drawn


def file(text: str) -> bytes:
    """The drawing as an SVG file."""
    written = io.BytesIO()
    _made(text).save(written, kind="svg", scale=8, border=4, light=WHITE)
    return written.getvalue()


def _made(text: str) -> segno.QRCode:
    # Not `make`: that can produce Micro QR, which phones cannot read.
    return segno.make_qr(text, error="q")
