"""Line drawings for controls, in the colour of the text around them."""

from types import SimpleNamespace

from markupsafe import Markup

_SHAPES = {
    "search": '<circle cx="11" cy="11" r="6.5"/><path d="m16 16 4.5 4.5"/>',
    "person": '<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5c.8-4 3.7-6 7.5-6s6.7 2 7.5 6"/>',
    "basket": '<path d="M3.5 9.5h17l-1.6 9.2a2 2 0 0 1-2 1.8H7.1a2 2 0 0 1-2-1.8z"/>'
    '<path d="m8 9.5 3-6M16 9.5l-3-6M9.5 13.5v3.5M14.5 13.5v3.5"/>',
    "chart": '<path d="M4 20.5h16M6.5 17v-5M12 17V5M17.5 17V9"/>',
    "box": '<path d="m12 3.5 8 4v9l-8 4-8-4v-9zM4 7.5l8 4 8-4M12 11.5v9"/>',
    "sliders": '<path d="M4 7.5h9M17 7.5h3M4 16.5h3M11 16.5h9"/>'
    '<circle cx="15" cy="7.5" r="2"/><circle cx="9" cy="16.5" r="2"/>',
    "check": '<path d="m5 12.5 4.5 4.5L19 7.5"/>',
    "print": '<path d="M7 9V3.5h10V9M7 17H4.5V9h15v8H17M7 14h10v6.5H7z"/>',
    "thermometer": '<path d="M10 13.5V5a2 2 0 1 1 4 0v8.5a4 4 0 1 1-4 0zM12 9v7.5"/>',
    "truck": '<path d="M3 6.5h11v10H3zM14 10h4l3 3.5v3h-7z"/>'
    '<circle cx="7.5" cy="17.5" r="2"/><circle cx="17" cy="17.5" r="2"/>',
    "download": '<path d="M12 4v11M7.5 11l4.5 4.5 4.5-4.5M4.5 20h15"/>',
    "arrow": '<path d="M5 12h14M13 6l6 6-6 6"/>',
}


def _drawn(shape: str) -> Markup:
    # Our own constants: nothing of a visitor's comes in here.
    return Markup(  # noqa: S704
        '<svg class="sign" viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" '
        f'stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{shape}</svg>'
    )


icons = SimpleNamespace(**{name: _drawn(shape) for name, shape in _SHAPES.items()})
