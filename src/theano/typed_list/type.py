"""Names of `theano.typed_list.type`."""

from croton.vartypes.lists import TypedListType as TypedListType
