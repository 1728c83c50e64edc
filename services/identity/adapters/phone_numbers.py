"""Phone numbers by the rules of the world's numbering plans."""

from __future__ import annotations

import phonenumbers


class UnknownRegionError(ValueError):
    """The default region is not one whose numbering plan is known."""


class NumberingPlans:
    """Satisfies :class:`services.identity.ports.PhoneNumbers`.

    ``region`` (ISO 3166, such as CN) is where numbers without a country code are from; without it
    only numbers in the international form (+…) are read.
    """

    def __init__(self, region: str = "") -> None:
        if region and region not in phonenumbers.SUPPORTED_REGIONS:
            raise UnknownRegionError(
                f"CARELINE_PHONE_REGION={region!r} is no region with a numbering plan; "
                "write an ISO 3166 code in capitals, such as CN or GB, or leave it empty"
            )
        self._region = region or None
        self._version = f"phonenumbers-{phonenumbers.__version__}/{region or 'international'}"

    @property
    def version(self) -> str:
        return self._version

    def e164(self, text: str) -> str | None:
        try:
            number = phonenumbers.parse(text, self._region)
        except phonenumbers.NumberParseException:
            return None
        if not phonenumbers.is_valid_number(number):
            return None
        return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
