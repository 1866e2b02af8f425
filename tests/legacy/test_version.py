"""Programs that ask which Theano they run on."""

import croton
import theano


def test_programs_see_the_version_of_the_language():
    assert theano.__version__ == theano.version.version == theano.version.short_version == "1.0.5"
    assert theano.version.full_version.startswith(theano.__version__) and theano.version.release
    assert croton.__version__ != theano.__version__


def test_param_is_an_input_with_its_default_second():
    x = theano.tensor.dscalar("x")
    f = theano.function([theano.Param(x, 3.0, name="k")], x * 2)
    assert f() == 6 and f(k=4.0) == 8
