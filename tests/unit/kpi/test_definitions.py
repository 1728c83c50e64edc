import pytest

from services.kpi.domain import measures
from services.kpi.domain.definitions import (
    Catalogue,
    DefinitionError,
    Formula,
    Reading,
    UnknownKpiError,
    catalogue,
)
from services.kpi.domain.measures import UnknownMeasureError


def test_the_catalogue_holds_the_kpis_of_the_wall() -> None:
    assert catalogue().ids == (
        "contacts",
        "replies",
        "conversations",
        "first_response_time",
        "resolution_time",
        "first_response_breaches",
        "negative_contacts",
    )


def test_every_definition_speaks_both_languages_and_has_a_version() -> None:
    for definition in catalogue():
        assert definition.name_en.isascii()
        assert not definition.name_zh.isascii()
        assert definition.description
        assert definition.version >= 1


def test_response_and_resolution_are_read_as_medians() -> None:
    for kpi in ("first_response_time", "resolution_time"):
        assert catalogue().get(kpi).formula.reading is Reading.P50
        assert "median" in catalogue().get(kpi).description


def test_an_unknown_kpi_names_the_nearest() -> None:
    with pytest.raises(UnknownKpiError, match="did you mean first_response_time"):
        catalogue().get("first_reponse_time")


def test_a_kpi_near_to_none_names_them_all() -> None:
    with pytest.raises(UnknownKpiError, match="none is near it; known are contacts, replies"):
        catalogue().get("zzz")


def test_a_share_names_what_it_is_a_part_of() -> None:
    formula = Formula(Reading.SHARE, measures.NEGATIVE_CONTACT, of=measures.CONTACT)
    assert formula.measures == (measures.NEGATIVE_CONTACT, measures.CONTACT)
    assert not formula.is_timed
    with pytest.raises(DefinitionError, match="a share, and only a share"):
        Formula(Reading.SHARE, measures.NEGATIVE_CONTACT)
    with pytest.raises(DefinitionError, match="a share, and only a share"):
        Formula(Reading.COUNT, measures.NEGATIVE_CONTACT, of=measures.CONTACT)


def test_a_counted_measure_has_no_median() -> None:
    with pytest.raises(DefinitionError, match="p50 of contact: it is only counted"):
        Formula(Reading.P50, measures.CONTACT)


def test_a_formula_reads_known_measures() -> None:
    with pytest.raises(UnknownMeasureError, match="'contcat'"):
        Formula(Reading.COUNT, "contcat")


def test_a_kpi_is_defined_once() -> None:
    contacts = catalogue().get("contacts")
    with pytest.raises(DefinitionError, match="'contacts' is defined twice"):
        Catalogue([contacts, contacts])
