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
    "desk": '<path d="M3.5 8.5h17M5.5 8.5v11M18.5 8.5v11M12 8.5v6h6.5M8 8.5v-4h5v4"/>',
    "list": '<path d="M8.5 6.5h12M8.5 12h12M8.5 17.5h12M4 6.5h.5M4 12h.5M4 17.5h.5"/>',
    "stamp": '<path d="M5 20.5h14M6 17h12v-3h-4c-.6-2 1-3.4 1-6a3 3 0 0 0-6 0c0 2.6 1.6 4 1 6H6z"/>',
    "people": '<circle cx="9" cy="8" r="3.5"/><path d="M2.5 20c.6-3.6 3-5.5 6.5-5.5s5.9 1.9 6.5 5.5"/>'
    '<path d="M15.5 4.8a3.5 3.5 0 0 1 0 6.400M17.5 14.9c2.2.7 3.600 2.400 4 5.100"/>',
    "book": '<path d="M12 6.5c-2-1.600-4.5-2-8-2v13c3.5 0 6 .4 8 2 2-1.600 4.5-2 8-2v-13c-3.5 0-6 .4-8 2zM12 6.5v13"/>',
    "upload": '<path d="M12 15V4M7.5 8.5 12 4l4.5 4.5M4.5 20h15"/>',
    "bell": '<path d="M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 20.5h4"/>',
    "arrow": '<path d="M5 12h14M13 6l6 6-6 6"/>',
}


def _drawn(shape: str) -> Markup:
    # Our own constants: nothing of a visitor's comes in here.
    return Markup(  # noqa: S704
        '<svg class="sign" viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" '
        f'stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{shape}</svg>'
    )


icons = SimpleNamespace(**{name: _drawn(shape) for name, shape in _SHAPES.items()})
