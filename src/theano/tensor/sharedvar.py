"""Shared arrays."""

from croton.compile.shared import ScalarSharedVariable as ScalarSharedVariable
from croton.compile.shared import SharedVariable as SharedVariable
from croton.compile.shared import TensorSharedVariable as TensorSharedVariable
from croton.compile.shared import scalar_constructor as scalar_constructor
from croton.compile.shared import shared_constructor as shared_constructor
from croton.compile.shared import tensor_constructor as tensor_constructor
