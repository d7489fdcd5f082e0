"""What a visitor typed, kept so that a form that is refused comes back as it was."""

from starlette.datastructures import FormData

_LONGEST = 2000


class Typed(dict[str, str]):
    """Texts by field; a field that was not typed is empty. Templates read `typed.recipient`."""

    def __getattr__(self, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.get(name, "")

    def __missing__(self, name: str) -> str:
        """`typed["items"]` for a field that is called like a method of a dictionary."""
        return ""


def typed_of(form: FormData, *names: str) -> Typed:
    """The named texts of a form, without blanks around them; uploads are no texts."""
    values = {name: form.get(name, "") for name in names}
    return Typed({name: value.strip()[:_LONGEST] for name, value in values.items() if isinstance(value, str)})
