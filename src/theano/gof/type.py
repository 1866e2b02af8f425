"""What variables may hold."""

from croton.graph.type import Generic as Generic
from croton.graph.type import Type as CLinkerType
from croton.graph.type import Type as PureType
from croton.graph.type import Type as SingletonType
from croton.graph.type import Type as Type
from croton.graph.type import generic as generic
from croton.legacy.params import CEnumType as CEnumType
from croton.legacy.params import EnumList as EnumList
from croton.legacy.params import EnumType as EnumType
from croton.legacy.pointers import CDataType as CDataType
