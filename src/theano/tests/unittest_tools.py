"""What tests of a user's own operations are made of."""

from croton.config import config as config
from croton.legacy.testing import InferShapeTester as InferShapeTester
from croton.legacy.testing import T_OpContractMixin as T_OpContractMixin
from croton.legacy.testing import TestOptimizationMixin as TestOptimizationMixin
from croton.legacy.testing import WrongValue as WrongValue
from croton.legacy.testing import assertFailure_fast as assertFailure_fast
from croton.legacy.testing import assert_allclose as assert_allclose
from croton.legacy.testing import custom_name_func as custom_name_func
from croton.legacy.testing import fetch_seed as fetch_seed
from croton.legacy.testing import seed_rng as seed_rng
from croton.legacy.testing import verify_grad as verify_grad
