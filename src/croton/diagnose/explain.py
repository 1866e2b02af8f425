"""`theano.explain`: what became of a function: stages, rules, kernels, and where a node comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from croton.compile.callable import Function
from croton.graph.node import Apply, Constant, Variable
from croton.ops import blas, dot
from croton.ops.linalg import decomposition, factors
from croton.rewrite.stats import StageStats
from croton.util.record import field, record
from croton.vartypes.tensor import TensorType

if TYPE_CHECKING:
    from croton.plan import program as p

# The runtime's functions that BLAS and LAPACK do the work of, and how the plan names them.
BLAS = {
    "rt_gemm": "gemm", "rt_gemv": "gemv", "rt_ger": "ger", "rt_dot": "dot", "rt_batched_gemm": "batched gemm",
    "rt_gemm_packed": "gemm of a packed factor",
    "rt_potrf": "potrf", "rt_getrf": "getrf", "rt_getrs": "getrs", "rt_trtrs": "trtrs", "rt_syevd": "syevd",
    "rt_sygvd": "sygvd", "rt_geev": "geev", "rt_gesdd": "gesdd", "rt_geqrf": "geqrf", "rt_orgqr": "orgqr",
    "rt_gelsd": "gelsd",
}  # fmt: skip


@record(frozen=True)
class KernelStory:
    """One kernel: what it computes, in which form, and what it reads and writes.

    form     E elementwise; RI, RO reductions over inner or outer axes; ALL over all axes; L an operation's own loop
    nodes    the numbers of the nodes inside
    read, written  bytes, as formulas over the sizes of variables
    """

    name: str
    form: str
    title: str
    nodes: tuple[int, ...]
    dtypes: tuple[str, ...]
    read: str
    written: str

    def __str__(self) -> str:
        inside = " ".join(f"#{n}" for n in self.nodes)
        moves = (
            f"reads {self.read}; writes {self.written}" if self.read else "brings partial results together"
        )
        return (
            f"{self.name} [{self.form}] {self.title}\n      nodes {inside}; {', '.join(self.dtypes)}; {moves}"
        )


@record
class Explanation:
    """What became of a function. Its text (`str`) says it all."""

    name: str | None
    backend: str
    seconds: float
    stages: Sequence[StageStats]
    nodes: Sequence[Apply]
    kernels: Sequence[KernelStory] = ()
    blas: Sequence[str] = ()
    python: Sequence[int] = ()
    story: str = ""
    labels: dict[Variable, str] = field(default_factory=dict)
    holders: dict[int, int] = field(default_factory=dict)

    @property
    def fired(self) -> dict[str, int]:
        """How often each rule was applied."""
        counts: dict[str, int] = {}
        for stage in self.stages:
            for rule, times in stage.fired.items():
                counts[rule] = counts.get(rule, 0) + times
        return counts

    @property
    def summary(self) -> str:
        """One line."""
        before = self.stages[0].nodes_before if self.stages else len(self.nodes)
        after = self.stages[-1].nodes_after if self.stages else before
        planned = len(self.nodes) - len(self.holders)
        plan = f"{planned} nodes planned as " * (after != planned)
        plan += f"{count(len(self.kernels), 'kernel')}, {count(len(self.blas), 'BLAS call')}, "
        if self.backend != "cpu":
            plan = f"run node by node on backend {self.backend}, "
        return (
            f"{before} nodes became {after} by {count(sum(self.fired.values()), 'rewrite')}; {plan}"
            f"{count(len(self.python), 'Python node')}; compiled in {self.seconds * 1e3:.0f} ms"
        )

    def __str__(self) -> str:
        title = f"Function {self.name!r}" if self.name else "Function"
        parts = [f"{title}: {self.summary}", self._stages(), self._nodes(), self._plan(), self.story]
        return "\n\n".join(part for part in parts if part)

    def _stages(self) -> str:
        total = sum(stage.seconds for stage in self.stages)
        lines = [f"Stages ({total * 1e3:.1f} ms)"]
        for stage in self.stages:
            rules = ", ".join(f"{name} x{n}" if n > 1 else name for name, n in stage.fired.most_common())
            change = f"{stage.nodes_before:4} -> {stage.nodes_after:<4}"
            lines.append(f"  {stage.name:20} {change} {stage.seconds * 1e3:7.1f} ms  {rules}".rstrip())
        return "\n".join(lines)

    def _nodes(self) -> str:
        lines = ["Nodes"]
        for at, node in enumerate(self.nodes):
            inputs = ", ".join(self.labels[v] for v in node.inputs)
            kinds = ", ".join(str(v.type) for v in node.outputs)
            mark = "  python!" if at in self.python else ""
            holder = self.holders.get(at)
            where = "" if holder is None else f"  in #{holder}"
            lines.append(f"  #{at} {node.op}({inputs}) : {kinds}{where}{mark}")
        return "\n".join(lines)

    def _in_kernel(self, at: int) -> bool:
        return any(at in kernel.nodes for kernel in self.kernels)

    def _plan(self) -> str:
        if self.backend != "cpu":
            return f"Plan: backend {self.backend} runs the nodes one after the other."
        lines = ["Plan (|x| is the number of elements of x)"]
        lines += [f"  {kernel}" for kernel in self.kernels]
        if self.blas:
            products = [
                f"#{at}"
                for at, node in enumerate(self.nodes)
                if not self._in_kernel(at) and _is_product(node)
            ]
            lines.append(f"  BLAS {', '.join(self.blas)} for {' '.join(products)}")
        lines += [
            f"  python! #{at} {self.nodes[at].op} is run by Python: it has no native code"
            for at in self.python
        ]
        return "\n".join(lines) if len(lines) > 1 else "Plan: nothing but views and numbers in registers."


def count(n: int, noun: str) -> str:
    """A number and a noun.

    Example:
        >>> count(1, "kernel"), count(2, "kernel")
        ('1 kernel', '2 kernels')
    """
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def explain(f: Function, node: Any = None) -> Explanation:
    """What became of `f`: print what this returns.

    node  a node whose story is told too: its number in the list, an Apply or variable of `f.maker.fgraph`, or a
          variable of the expression that was compiled

    Errors: TypeError for what is no compiled function; ValueError for a node that is not there
    """
    if not isinstance(f, Function):
        raise TypeError(
            f"explain takes a function that theano.function made; got {f!r} of type {type(f).__name__}."
        )
    graph = f.maker.fgraph
    plan = getattr(f.compiled, "plan", None)
    nodes = graph.toposort() if plan is None else plan.nodes
    number = {one: at for at, one in enumerate(nodes)}
    labels = _labels(nodes, graph.inputs)
    made = Explanation(
        f.maker.name, f.maker.mode.backend_name, f.maker.seconds, f.maker.stats.stages, nodes, labels=labels
    )
    if plan is not None:
        made.holders = {at: held.holder for held in plan.held for at in range(held.first, held.end)}
        clients = {**graph.clients}
        for held in plan.held:
            clients.update(held.graph.clients)
        made.kernels = [
            _kernel(at, kernel, clients, number, labels) for at, kernel in enumerate(plan.kernels)
        ]
        made.blas = [BLAS[name] for name in plan.calls() if name in BLAS]
        made.python = [number[one.node] for one in plan.callbacks]
    if node is not None:
        made.story = _story(node, made, number)
    return made


# -- kernels -------------------------------------------------------------------------------------------------
def _labels(nodes: Sequence[Apply], inputs: Sequence[Variable]) -> dict[Variable, str]:
    labels = {v: v.name or f"input {at}" for at, v in enumerate(inputs)}
    for at, node in enumerate(nodes):
        for v in node.inputs:
            if isinstance(v, Constant):
                labels[v] = v.name or str(v).removeprefix("TensorConstant")
            else:
                labels.setdefault(v, v.name or str(v))
        for out in node.outputs:
            labels[out] = f"#{at}" if len(node.outputs) == 1 else f"#{at}.{out.index}"
    return labels


def _kernel(
    at: int, kernel: p.Kernel, clients: Any, number: dict[Apply, int], labels: dict[Variable, str]
) -> KernelStory:
    inside = {node: None for node in kernel.nodes if node in number}
    made = {out for node in inside for out in node.outputs}
    read = {v: None for node in inside for v in node.inputs if v not in made and _is_read(v)}
    written = {
        out: None
        for node in inside
        for out in node.outputs
        if any(client == "output" or client not in inside for client, _ in clients.get(out, ()))
    }
    finishes = kernel.title.startswith("finish")
    form, _, title = kernel.title.rpartition(": ")
    return KernelStory(
        f"k{at}",
        "ALL, finish" if finishes else form or kernel.body.form,
        title,
        tuple(sorted(number[node] for node in inside)),
        tuple(dict.fromkeys(buffer.dtype for buffer in kernel.body.buffers)),
        "" if finishes else _bytes(read, labels),
        "" if finishes else _bytes(written, labels),
    )


def _is_read(v: Variable) -> bool:
    """Whether `v` lies in memory: a constant of one element goes into the kernel's code."""
    return not (isinstance(v, Constant) and getattr(v.data, "size", 1) <= 1)


def _bytes(variables: Any, labels: dict[Variable, str]) -> str:
    """The bytes of all elements: a sum of known numbers and of sizes that only calls will know."""
    known = 0
    terms = []
    for v in variables:
        if not isinstance(v.type, TensorType):
            continue
        width = v.type.numpy_dtype.itemsize
        static = 1
        for length in v.type.shape:
            static *= width if length is None else length
        if None in v.type.shape:
            terms.append(f"{width}·|{labels[v]}|")
        else:
            known += static * width
    if known or not terms:
        terms.append(str(known))
    return f"{' + '.join(terms)} B"


def _is_product(node: Apply) -> bool:
    libraries = (blas.__name__, dot.__name__, factors.__name__, decomposition.__name__)
    return type(node.op).__module__ in libraries


# -- one node ------------------------------------------------------------------------------------------------
def _story(wanted: Any, made: Explanation, number: dict[Apply, int]) -> str:
    chosen = _find(wanted, made.nodes, number)
    return "\n".join(["Story", *(_told(node, made, number) for node in chosen)])


def _find(wanted: Any, nodes: Sequence[Apply], number: dict[Apply, int]) -> list[Apply]:
    if isinstance(wanted, int):
        if not 0 <= wanted < len(nodes):
            raise ValueError(f"There is no node #{wanted}; there are {len(nodes)}, from #0.")
        return [nodes[wanted]]
    node = wanted.owner if isinstance(wanted, Variable) else wanted
    if isinstance(node, Apply):
        if node in number:
            return [node]
        found = [one for one in nodes if node.origin[:1] in (line[:1] for line in _lines(one))]
        if found:
            return found
        raise ValueError(f"Nothing is left of {node}: other nodes do its work, or it was not needed.")
    raise ValueError(f"node is a number, an Apply or a variable that an operation computes; got {wanted!r}.")


def _lines(node: Apply) -> list[Any]:
    """The user's lines that `node` is of: its own, and those of equal computations that it does as well."""
    return [node.origin, *getattr(node.tag, "also", ())]


def _told(node: Apply, made: Explanation, number: dict[Apply, int]) -> str:
    at = number[node]
    where = [f"      {frame}" for frame in reversed(node.origin)] or ["      (the library made it)"]
    story = getattr(node.tag, "story", ())
    rules = " then ".join(story) if story else "no rule: the program itself"
    kernels = [kernel.name for kernel in made.kernels if at in kernel.nodes]
    runs = f"kernel {' and '.join(kernels)}" if kernels else "Python (python!)" if at in made.python else ""
    lines = [f"  #{at} {node.op}({', '.join(made.labels[v] for v in node.inputs)})", "    written at", *where]
    for also in _lines(node)[1:]:
        lines += [
            "    and, as equal computations are done once, at",
            *[f"      {frame}" for frame in reversed(also)],
        ]
    lines += [f"    made by {rules}"]
    if made.backend == "cpu":
        lines += [f"    runs in {runs or 'the driver (a view, a number in a register, or a library call)'}"]
    return "\n".join(lines)
