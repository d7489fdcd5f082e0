"""A parcel's temperature as people look at it."""
