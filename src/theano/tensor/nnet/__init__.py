"""Names of `theano.tensor.nnet`."""

from croton.ops.elementwise import sigmoid as sigmoid
from croton.ops.elementwise import sigmoid as sigmoid_inplace
from croton.ops.elementwise import softplus as softplus
from croton.ops.elementwise import ultra_fast_sigmoid as ultra_fast_sigmoid
from croton.ops.elementwise import ultra_fast_sigmoid as ultra_fast_sigmoid_inplace
from croton.ops.nnet.activation import elu as elu
from croton.ops.nnet.activation import hard_sigmoid as hard_sigmoid
from croton.ops.nnet.activation import relu as relu
from croton.ops.nnet.activation import scalar_softsign as scalar_softsign
from croton.ops.nnet.activation import selu as selu
from croton.ops.nnet.activation import softsign as softsign
from croton.ops.nnet.crossentropy import CrossentropyCategorical1Hot as CrossentropyCategorical1Hot
from croton.ops.nnet.crossentropy import CrossentropyCategorical1HotGrad as CrossentropyCategorical1HotGrad
from croton.ops.nnet.crossentropy import (
    CrossentropySoftmax1HotWithBiasDx as CrossentropySoftmax1HotWithBiasDx,
)
from croton.ops.nnet.crossentropy import (
    CrossentropySoftmaxArgmax1HotWithBias as CrossentropySoftmaxArgmax1HotWithBias,
)
from croton.ops.nnet.crossentropy import binary_crossentropy as binary_crossentropy
from croton.ops.nnet.crossentropy import categorical_crossentropy as categorical_crossentropy
from croton.ops.nnet.crossentropy import crossentropy_categorical_1hot as crossentropy_categorical_1hot
from croton.ops.nnet.crossentropy import (
    crossentropy_categorical_1hot_grad as crossentropy_categorical_1hot_grad,
)
from croton.ops.nnet.crossentropy import crossentropy_softmax_1hot as crossentropy_softmax_1hot
from croton.ops.nnet.crossentropy import (
    crossentropy_softmax_1hot_with_bias as crossentropy_softmax_1hot_with_bias,
)
from croton.ops.nnet.crossentropy import (
    crossentropy_softmax_1hot_with_bias_dx as crossentropy_softmax_1hot_with_bias_dx,
)
from croton.ops.nnet.crossentropy import (
    crossentropy_softmax_argmax_1hot_with_bias as crossentropy_softmax_argmax_1hot_with_bias,
)
from croton.ops.nnet.crossentropy import (
    crossentropy_softmax_max_and_argmax_1hot as crossentropy_softmax_max_and_argmax_1hot,
)
from croton.ops.nnet.crossentropy import (
    crossentropy_softmax_max_and_argmax_1hot_with_bias as crossentropy_softmax_max_and_argmax_1hot_with_bias,
)
from croton.ops.nnet.crossentropy import sigmoid_binary_crossentropy as sigmoid_binary_crossentropy
from croton.ops.nnet.hierarchical import h_softmax as h_softmax
from croton.ops.nnet.rows import Prepend_scalar_constant_to_each_row as Prepend_scalar_constant_to_each_row
from croton.ops.nnet.rows import Prepend_scalar_to_each_row as Prepend_scalar_to_each_row
from croton.ops.nnet.rows import confusion_matrix as confusion_matrix
from croton.ops.nnet.rows import prepend_0_to_each_row as prepend_0_to_each_row
from croton.ops.nnet.rows import prepend_1_to_each_row as prepend_1_to_each_row
from croton.ops.nnet.rows import prepend_scalar_to_each_row as prepend_scalar_to_each_row
from croton.ops.nnet.softmax import LogSoftmax as LogSoftmax
from croton.ops.nnet.softmax import Softmax as Softmax
from croton.ops.nnet.softmax import SoftmaxGrad as SoftmaxGrad
from croton.ops.nnet.softmax import SoftmaxWithBias as SoftmaxWithBias
from croton.ops.nnet.softmax import logsoftmax as logsoftmax
from croton.ops.nnet.softmax import logsoftmax_op as logsoftmax_op
from croton.ops.nnet.softmax import softmax as softmax
from croton.ops.nnet.softmax import softmax_grad as softmax_grad
from croton.ops.nnet.softmax import softmax_graph as softmax_graph
from croton.ops.nnet.softmax import softmax_op as softmax_op
from croton.ops.nnet.softmax import softmax_with_bias as softmax_with_bias
from theano.tensor.nnet import blocksparse as blocksparse
from theano.tensor.nnet import ctc as ctc
from theano.tensor.nnet import nnet as nnet
from theano.tensor.nnet import sigm as sigm
