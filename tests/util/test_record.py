"""Records hold what they are given, compare by it, and can be copied and pickled."""

import copy
import inspect
import pickle
from collections.abc import Mapping

import pytest

from croton.util.record import field, record, replace


@record(frozen=True)
class Point:
    """A place."""

    x: int
    y: int = 2

    @property
    def total(self) -> int:
        return self.x + self.y


@record
class Heap:
    """What is changed."""

    name: str
    items: list[int] = field(default_factory=list)


@record(frozen=True, eq=False)
class Thing:
    """One of its kind."""

    x: int


@record(frozen=True)
class Named(Point):
    """A place with a name."""

    name: str = "here"


@record(frozen=True)
class Nothing:
    """No field."""


def test_fields_come_by_position_by_name_and_by_default():
    assert (Point(1).x, Point(1).y, Point(1, y=3).total) == (1, 2, 4)
    assert str(inspect.signature(Point)) == "(x: int, y: int = 2) -> None"
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        Point()
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        Point(1, z=2)


def test_what_a_factory_makes_is_made_for_each():
    one, other = Heap("a"), Heap("a")
    one.items.append(1)
    assert one.items == [1]
    assert other.items == []
    assert Heap("a", [3]).items == [3]


def test_frozen_records_stay_as_they_are():
    with pytest.raises(
        AttributeError, match="A Point can't be changed: its x stays. Make another by replace"
    ):
        Point(1).x = 2
    with pytest.raises(AttributeError, match="its y stays"):
        del Point(1).y
    heap = Heap("a")
    heap.name = "b"
    assert heap.name == "b"
    with pytest.raises(AttributeError):
        heap.other = 1


def test_equal_where_fields_are_equal_in_one_class():
    assert Point(1) == Point(1, 2)
    assert hash(Point(1)) == hash(Point(1, 2))
    assert Point(1) != Point(2)
    assert Point(1) != Named(1)
    assert Nothing() == Nothing()
    assert Heap("a") == Heap("a")
    with pytest.raises(TypeError, match="unhashable type: 'Heap'"):
        hash(Heap("a"))


def test_or_only_to_themselves():
    one = Thing(1)
    assert one != Thing(1)
    assert {one: 1}[one] == 1


def test_replace_makes_another():
    point = Point(1)
    assert replace(point, y=5) == Point(1, 5)
    assert point == Point(1)
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        replace(point, z=5)


def test_fields_of_the_base_come_first():
    assert repr(Named(1, name="there")) == "Named(x=1, y=2, name='there')"
    assert repr(Nothing()) == "Nothing()"


def test_patterns_match_by_position():
    match Point(1, 7):
        case Point(1, y):
            assert y == 7
        case _:
            pytest.fail("no match")


@pytest.mark.parametrize("made", [Point(1, 3), Named(1), Heap("a", [1]), Nothing()], ids=repr)
def test_copies_and_pickles_are_equal(made):
    assert copy.copy(made) == copy.deepcopy(made) == made
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(made, protocol)) == made


def test_a_record_may_have_a_base_that_is_none():
    @record(frozen=True)
    class View(Mapping[int, int]):
        """Squares."""

        size: int

        def __getitem__(self, key):
            return key * key

        def __iter__(self):
            return iter(range(self.size))

        def __len__(self):
            return self.size

    assert dict(View(3)) == {0: 0, 1: 1, 2: 4}
    assert View.__qualname__.endswith("<locals>.View")
