"""What must hold of a kernel, whoever made it; the code generator takes it for granted."""

from __future__ import annotations

from croton.loops.ir import (
    INT,
    SIZES,
    Buffer,
    Cast,
    Combine,
    Const,
    Expr,
    Fail,
    Fold,
    For,
    If,
    Kernel,
    Load,
    LoopVar,
    Param,
    Prim,
    Ref,
    Result,
    Select,
    Stmt,
    Store,
    operands,
)  # fmt: skip
from croton.loops.primitives import PRIMITIVES
from croton.loops.scope import LoopError
from croton.loops.walk import postorder, roots

NEST_ARGUMENTS = frozenset({"o_lo", "o_hi", "nr", "v_lo", "v_hi"})
LOOP_ARGUMENTS = frozenset({"lo", "hi"})


def verify(kernel: Kernel) -> Kernel:
    """The kernel, which is well formed.

    Errors: LoopError that says what is wrong and where.
    """
    _Verifier(kernel).kernel_body()
    return kernel


class _Verifier:
    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.visible: set[Expr | Result] = set(kernel.params)
        self.buffers = {*kernel.buffers, *kernel.scratch}
        self.vector: LoopVar | None = None

    def _demand(self, holds: bool, message: str) -> None:
        if not holds:
            raise LoopError(f"Malformed kernel: {message}.")

    def kernel_body(self) -> None:
        """Check all."""
        k = self.kernel
        self._demand(len(self.buffers) == len(k.buffers) + len(k.scratch), "a buffer is listed twice")
        for buffer in self.buffers:
            self._demand(buffer.dtype in SIZES, f"{buffer.dtype} is no type")
            self._demand(buffer.access != "place" or buffer.dtype == INT, "a place is an int64")
            self._demand(
                (buffer.access == "strided") == (k.form == "L"),
                f"{buffer.name} is {buffer.access} in {k.form}",
            )
            for stride in buffer.strides:
                self._expr(stride, INT)
        if k.parallel:
            self._demand(len(k.body) == 1 and isinstance(k.body[0], For), "a parallel kernel is one loop")
        self._body(k.body)

    # Expressions

    def _expr(self, root: Expr, dtype: str | None = None) -> None:
        self._demand(
            dtype is None or root.dtype == dtype,
            f"a value of type {root.dtype} stands where {dtype} is wanted",
        )
        for node in postorder([root]):
            self._node(node)

    def _node(self, node: Expr) -> None:
        match node:
            case Prim():
                self._prim(node)
            case Cast() | Const():
                self._demand(node.dtype in SIZES, f"{node.dtype} is no type")
            case Select():
                types = (node.condition.dtype, node.yes.dtype, node.no.dtype)
                self._demand(
                    types == ("bool", node.dtype, node.dtype), f"a select of {types} gives {node.dtype}"
                )
            case Param():
                names = LOOP_ARGUMENTS if self.kernel.form == "L" else NEST_ARGUMENTS
                self._demand(
                    node in self.visible or node.name in names, f"{node.name} is no argument of the kernel"
                )
            case _:
                self._demand(node in self.visible, f"a {type(node).__name__} is used where it is not defined")

    def _prim(self, node: Prim) -> None:
        signature = PRIMITIVES.get(node.name)
        if signature is None:
            raise LoopError(f"Malformed kernel: there is no primitive {node.name}.")
        types = {a.dtype for a in operands(node)}
        self._demand(len(node.args) == signature.arity and len(types) == 1, f"{node.name} of {sorted(types)}")
        (dtype,) = types
        self._demand(dtype in signature.dtypes, f"{node.name} of {dtype}")
        self._demand(
            node.dtype == ("bool" if signature.to_bool else dtype), f"{node.name} gives {node.dtype}"
        )

    # Statements

    def _body(self, body: tuple[Stmt, ...]) -> None:
        before = set(self.visible)
        for statement in body:
            for root in roots(statement):
                self._expr(root)
            self._statement(statement)
        self.visible = before

    def _statement(self, statement: Stmt) -> None:
        match statement:
            case Load():
                self._access(statement.buffer, statement.index)
                self._demand(statement.dtype == statement.buffer.dtype, "a load changes the type")
                self.visible.add(statement)
            case Store():
                self._access(statement.buffer, statement.index)
                self._demand(statement.buffer.access != "place", "a place is stored to")
                self._demand(statement.value.dtype == statement.buffer.dtype, "a store changes the type")
                self._check_races(statement)
            case If():
                self._demand(statement.condition.dtype == "bool", "a condition is no bool")
                self._body(statement.body)
            case Fail():
                self._demand(self.kernel.form == "L" and statement.code != 0, "this kernel cannot fail so")
                self._demand(self.vector is None, "a failure in a vector loop")
            case For():
                self._for(statement)

    def _access(self, buffer: Buffer, index: tuple[Expr, ...]) -> None:
        self._demand(buffer in self.buffers, f"{buffer.name} is no buffer of this kernel")
        wanted = len(buffer.strides) if buffer.access == "strided" else 3
        self._demand(len(index) == wanted, f"{buffer.name} takes {wanted} indices, not {len(index)}")
        for i in index:
            self._expr(i, INT)

    def _check_races(self, store: Store) -> None:
        """In a vector loop each iteration writes its own element."""
        if self.vector is not None:
            used = any(n is self.vector or isinstance(n, Load) for n in postorder(store.index))
            self._demand(used, f"all iterations of a vector loop store to one element of {store.buffer.name}")

    def _for(self, loop: For) -> None:
        self._demand(loop.lo.dtype == loop.hi.dtype == INT, "bounds are int64")
        self._demand(loop.kind == "serial" or self.vector is None, "a vector loop in another")
        if self.vector is not None:
            varying = any(n is self.vector for n in postorder([loop.lo, loop.hi]))
            self._demand(not varying, "bounds vary between the lanes of the vector loop around")
        for fold in loop.folds:
            self._fold_types(fold, loop)
        before, outer = set(self.visible), self.vector
        self.vector = loop.var if loop.kind == "vector" else outer
        self.visible.add(loop.var)
        for fold in loop.folds:
            self.visible.update(fold.refs)
        for statement in loop.body:
            for root in roots(statement):
                self._expr(root)
            self._statement(statement)
        for fold in loop.folds:
            for update in fold.updates:
                self._expr(update)
        self.visible, self.vector = before, outer
        for fold in loop.folds:
            self.visible.update(fold.results)

    def _fold_types(self, fold: Fold, loop: For) -> None:
        types = [tuple(x.dtype for x in part) for part in (fold.refs, fold.inits, fold.updates, fold.results)]
        self._demand(all(t == types[0] for t in types), f"a loop carries {types}")
        for init in fold.inits:
            self._expr(init)
        if fold.combine is None:
            self._demand(loop.kind == "serial", "a vector loop carries a value in order")
        else:
            self._combine(fold.combine, types[0])

    def _combine(self, combine: Combine, types: tuple[str, ...]) -> None:
        for part in (combine.left, combine.right, combine.result, combine.identity):
            self._demand(
                tuple(x.dtype for x in part) == types, f"a combination of {types} is not of these types"
            )
        before = set(self.visible)
        self.visible.update((*combine.left, *combine.right))
        for result in combine.result:
            self._expr(result)
            leaves = [n for n in postorder([result]) if not operands(n) and not isinstance(n, Const)]
            formals: set[Ref] = {*combine.left, *combine.right}
            self._demand(all(n in formals for n in leaves), "a combination uses more than its operands")
        self.visible = before
