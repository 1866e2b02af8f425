"""What variables may hold."""

from croton.graph.type import Generic as Generic
from croton.graph.type import Type as PureType
from croton.graph.type import Type as Type
from croton.graph.type import generic as generic
