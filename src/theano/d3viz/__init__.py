"""Graphs as pages for a browser."""

from theano.d3viz.d3viz import d3viz as d3viz
from theano.d3viz.d3viz import d3write as d3write
