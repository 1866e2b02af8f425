"""Names of `theano.typed_list.basic`."""

from croton.ops.lists import Append as Append
from croton.ops.lists import Count as Count
from croton.ops.lists import Extend as Extend
from croton.ops.lists import GetItem as GetItem
from croton.ops.lists import Index as Index
from croton.ops.lists import Insert as Insert
from croton.ops.lists import Length as Length
from croton.ops.lists import MakeList as MakeList
from croton.ops.lists import Remove as Remove
from croton.ops.lists import Reverse as Reverse
from croton.ops.lists import TypedListConstant as TypedListConstant
from croton.ops.lists import TypedListVariable as TypedListVariable
from croton.ops.lists import append as append
from croton.ops.lists import count as count
from croton.ops.lists import extend as extend
from croton.ops.lists import getitem as getitem
from croton.ops.lists import index_ as index_
from croton.ops.lists import insert as insert
from croton.ops.lists import length as length
from croton.ops.lists import make_list as make_list
from croton.ops.lists import remove as remove
from croton.ops.lists import reverse as reverse
from croton.vartypes.lists import TypedListType as TypedListType
