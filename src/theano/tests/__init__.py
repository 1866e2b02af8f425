"""What tests of a user's own operations are made of."""

from theano.tests import breakpoint as breakpoint
from theano.tests import disturb_mem as disturb_mem
from theano.tests import unittest_tools as unittest_tools
