import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.kpi.domain import cells, instants
from services.kpi.domain.cells import (
    Cell,
    CellError,
    CellKey,
    Group,
    HorizonKey,
    Source,
    decode_key,
)
from services.kpi.domain.instants import InstantError
from services.kpi.domain.varint import pack

AT_US = instants.from_text("2026-01-31T08:15:00Z")
KEY = CellKey("contact", 900, AT_US, Group("acme", "北方", "wechat"), Source("live", 1, 3))

names = st.text(alphabet="ab/%2F@ 北\n", max_size=12)
sources = st.builds(Source, names, st.integers(0, 999), st.integers(0, 9_999))
keys = st.builds(
    CellKey,
    st.sampled_from(["contact", "first_response"]),
    st.sampled_from(cells.RESOLUTIONS_SECONDS),
    st.integers(-(10**9), 4 * 10**9).map(lambda second: second * 1_000_000),
    st.builds(Group, names, names, names),
    sources,
)
quick = settings(max_examples=40, deadline=None)


def test_a_key_is_readable() -> None:
    assert KEY.encode() == "contact/00900/2026-01-31T08:15:00Z/acme/北方/wechat/live/g001/p00003"


@quick
@given(keys)
def test_a_key_reads_back(key: CellKey) -> None:
    assert decode_key(key.encode()) == key


@quick
@given(sources)
def test_a_horizon_reads_back(source: Source) -> None:
    key = HorizonKey(60, source)
    assert decode_key(key.encode()) == key
    assert cells.decode_horizon(cells.encode_horizon(AT_US)) == AT_US


@quick
@given(st.lists(st.integers(0, 4 * 10**9), min_size=2, max_size=2))
def test_keys_sort_by_time(seconds: list[int]) -> None:
    early, late = (KEY._replace(bucket_at_us=second * 1_000_000) for second in sorted(seconds))
    assert early.encode() <= late.encode()


def test_a_slash_in_a_name_stays_in_the_name() -> None:
    key = KEY._replace(group=Group("a/b", "50%2F", "%"))
    assert key.encode().count("/") == KEY.encode().count("/")
    assert CellKey.decode(key.encode()) == key


@quick
@given(
    st.builds(
        Cell,
        latest_at_us=st.integers(-(10**15), 4 * 10**15),
        count=st.integers(-(10**6), 10**9),
        sum_us=st.integers(-(10**18), 10**18),
        sketch=st.dictionaries(st.integers(-1, 2_300), st.integers(-5, 10**6).filter(bool)),
    )
)
def test_a_cell_reads_back(cell: Cell) -> None:
    assert Cell.decode(cell.encode()) == cell


def test_a_counting_cell_takes_a_dozen_bytes() -> None:
    assert len(Cell(AT_US, count=50).encode()) <= 12


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("contact/00900", "2 parts and a cell's key 9"),
        ("contact/x/2026-01-31T08:15:00Z/a/b/c/live/g001/p00003", "invalid literal"),
        ("contact/00900/yesterday/a/b/c/live/g001/p00003", "no instant in ISO 8601"),
        ("contact/00900/2026-01-31T08:15:00/a/b/c/live/g001/p00003", "names no time zone"),
        ("contact/00900/2026-01-31T08:15:00Z/a/b/c/live/001/p00003", "no generation"),
        ("@horizon/00060/live", "3 parts and a horizon's key 5"),
        ("@horizon/00060/live/g001/3", "no generation and partition"),
    ],
)
def test_a_foreign_key_is_refused(text: str, reason: str) -> None:
    with pytest.raises(CellError, match=reason):
        decode_key(text)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", "was cut"),
        (b"\x01\x02", "was cut"),
        (pack([7, 0, 0, 0]), "version 7"),
        (Cell(0, 1, 5, {1: 1}).encode()[:-1], "was cut"),
    ],
)
def test_a_foreign_value_is_refused(value: bytes, reason: str) -> None:
    with pytest.raises(CellError, match=reason):
        Cell.decode(value)


@pytest.mark.parametrize(
    ("value", "reason"),
    [(b"\x01", "was cut"), (pack([2, 0]), "version 2"), (pack([1, 0, 0]), "1 bytes follow")],
)
def test_a_foreign_horizon_is_refused(value: bytes, reason: str) -> None:
    with pytest.raises(CellError, match=reason):
        cells.decode_horizon(value)


def test_an_instant_in_the_wrong_unit_is_refused() -> None:
    with pytest.raises(InstantError, match="check its unit"):
        instants.to_text(AT_US * 1_000)
