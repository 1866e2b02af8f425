"""Operations made of graphs."""

from croton.compile.graph_op import OpFromGraph as OpFromGraph
