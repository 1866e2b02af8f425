"""Layers point down: who may import whom, and where."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from .source import SRC, Import, imports, module_name, modules, python_files, short, tree

# A module imports rooms of lower numbers, or its own room. The rooms of layer 0 stand in the order of this table.
LAYERS = {
    "errors": 0, "util": 0, "config": 0,
    "graph": 1,
    "vartypes": 2,
    "loops": 3, "rewrite": 3,
    "ops": 4,
    "autodiff": 5, "rules": 5,
    "plan": 6,
    "backends": 7,
    "compile": 8,
    "diagnose": 9,
    "legacy": 10,
}  # fmt: skip
GROUND_FLOOR = [room for room, layer in LAYERS.items() if layer == 0]

# Packages that are loaded with the first function that needs them, so that `import theano` stays quick.
LOADED_LATE = {
    "llvmlite": "150 ms to load; only the native backend needs it",
    "scipy": "every subpackage takes 20 ms and more; special functions, linear algebra, sparse matrices",
    "jax": "optional, and takes a second to load",
    "matplotlib": "optional",
    **dict.fromkeys(
        ("configparser", "shutil", "subprocess", "zipfile"),
        "3 ms each to load, of the standard library; seldom needed",
    ),
}

# The places where a lower layer is told of a higher one when modules are imported: what a type's variables can do
# (their operators, methods and conversions), and how a variable is evaluated (which needs theano.function).
HOOKS = {
    ("src/croton/graph/node.py", "Type.variable_class"),
    ("src/croton/graph/node.py", "Type.constant_class"),
    ("src/croton/ops/scalar/variable.py", "Scalar.variable_class"),
    ("src/croton/ops/scalar/variable.py", "Scalar.constant_class"),
    ("src/croton/ops/lists.py", "TypedListType.variable_class"),
    ("src/croton/ops/lists.py", "TypedListType.constant_class"),
    ("src/croton/ops/variable.py", "TensorType.variable_class"),
    ("src/croton/ops/variable.py", "TensorType.constant_class"),
    ("src/croton/ops/variable.py", "TensorType.rebroadcast"),
    ("src/croton/compile/function.py", "Variable.eval"),
}

HOUSE = python_files("src/croton")
ROOF = python_files("src/theano")
BACKENDS = SRC / "croton" / "backends"


def room_of(module: str) -> str:
    """The room of a module of the house; the house itself (its version) is no room."""
    return module.partition(".")[2].partition(".")[0]


def may_import(importer: str, imported: str) -> bool:
    """Whether the table of layers lets one room import another."""
    if importer == imported or imported == "":
        return True
    if importer in GROUND_FLOOR and imported in GROUND_FLOOR:
        return GROUND_FLOOR.index(imported) < GROUND_FLOOR.index(importer)
    return LAYERS[imported] < LAYERS[importer]


def top(found: Import) -> str:
    """The package that is imported."""
    return found.module.split(".")[0]


def said(found: Import) -> str:
    """Where it is imported, for a message."""
    return f"{short(found.path)}:{found.line}: imports {found.module}"


def test_every_room_has_a_layer():
    assert {room_of(name) for name in modules() if name.startswith("croton.")} <= set(LAYERS)


def test_layers_point_down():
    assert not [
        said(found)
        for path in HOUSE
        for found in imports(path)
        if top(found) == "croton" and not may_import(room_of(module_name(path)), room_of(found.module))
    ]


def test_the_house_does_not_know_its_roof():
    assert not [said(found) for path in HOUSE for found in imports(path) if top(found) == "theano"]


def test_backends_do_not_know_each_other():
    def backend(module: str) -> str:
        name = "".join(module.split(".")[2:3])
        return name if module.startswith("croton.backends.") and (BACKENDS / name).is_dir() else ""

    assert not [
        said(found)
        for path in python_files("src/croton/backends")
        for found in imports(path)
        if backend(found.module) not in ("", backend(module_name(path)))
    ]


def test_no_cycles():
    graph = {
        module_name(path): {
            found.module
            for found in imports(path)
            if found.module in modules() and not found.typing and found.module != module_name(path)
        }
        for path in HOUSE
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_imports_stand_at_the_top():
    local = [found for path in HOUSE for found in imports(path) if found.local]
    assert not [said(found) for found in local if top(found) not in LOADED_LATE]


def test_packages_that_load_late_are_not_imported_at_the_top_of_what_loads_early():
    early = {room for room, layer in LAYERS.items() if layer < LAYERS["backends"]}
    found = [found for path in HOUSE for found in imports(path) if room_of(module_name(path)) in early]
    assert not [said(one) for one in found if top(one) in LOADED_LATE and not one.local and not one.typing]


def test_one_hook_points_up():
    assert {hook for path in HOUSE for hook in hooks(path)} <= HOOKS


def hooks(path: Path) -> list[tuple[str, str]]:
    """Assignments, when the module is imported, to attributes of what comes from another module."""
    foreign = {
        (alias.asname or alias.name).split(".")[0]
        for node in tree(path).body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    targets = [target for node in tree(path).body if isinstance(node, ast.Assign) for target in node.targets]
    named = [ast.unparse(target) for target in targets if isinstance(target, ast.Attribute)]
    return [(short(path), name) for name in named if name.split(".")[0] in foreign]


def test_the_roof_holds_names_only():
    statements = [
        (path, node) for path in ROOF for node in tree(path).body[bool(ast.get_docstring(tree(path))) :]
    ]
    other = [(path, node) for path, node in statements if not isinstance(node, (ast.Import, ast.ImportFrom))]
    assert not [f"{short(path)}:{node.lineno}: {ast.unparse(node)[:60]}" for path, node in other]


def test_the_roof_names_the_house():
    found = [found for path in ROOF for found in imports(path)]
    assert not [said(one) for one in found if top(one) not in ("croton", "theano", "numpy", "__future__")]
    # One roof may repeat another whole; what it takes from the house it names.
    assert not [said(one) for one in found if one.name == "*" and top(one) != "theano"]
