"""What staff hand in: a file, from which system it is, and how it is to be read where it does not say so."""

from __future__ import annotations

from flask_babel import lazy_gettext
from wtforms import FileField, SelectChoice, SelectField, TextAreaField
from wtforms.validators import Length

from membership.web.forms import Form

FORM_WORDS = {
    "patreon": lazy_gettext("Patreon: the members export"),
    "ghost": lazy_gettext("Ghost: the members export"),
    "memberful": lazy_gettext("Memberful: the members export"),
    "steady": lazy_gettext("Steady: the members export"),
    "csv": lazy_gettext("A file of your own, with the columns named below"),
}


class HandInForm(Form):
    """A file from another system. Its name and type are the browser's word: what counts is what is read."""

    takes_files = True

    file = FileField(lazy_gettext("The CSV file"), render_kw={"accept": ".csv,.txt,.tsv,text/csv"})
    form = SelectField(
        lazy_gettext("Where it is from"), choices=[SelectChoice(form, words) for form, words in FORM_WORDS.items()]
    )
    currency = SelectField(lazy_gettext("Currency, where the file names none"), validate_choice=False)
    dates = SelectField(
        lazy_gettext("Days with slashes, like 11/3/2026"),
        choices=[
            SelectChoice("", lazy_gettext("There are none, or they are clear")),
            SelectChoice("mdy", lazy_gettext("The month comes first: 3 November")),
            SelectChoice("dmy", lazy_gettext("The day comes first: 11 March")),
        ],
    )
    tiers = TextAreaField(
        lazy_gettext("Which of our memberships theirs are, if they have other names"),
        validators=[Length(max=5000)],
        render_kw={"rows": 3, "class": "low", "spellcheck": "false"},
    )

    def named_tiers(self) -> dict[str, str]:
        """Tiers of ours by the names of theirs, from lines like `Their name = ours`."""
        pairs = (line.rpartition("=") for line in (self.tiers.data or "").splitlines() if "=" in line)
        return {theirs.strip(): ours.strip() for theirs, _, ours in pairs if theirs.strip() and ours.strip()}
