"""sin, cos, tan: x less the nearest multiple of pi (tan: pi/2), then an odd polynomial.

Source: the reduction is Cody and Waite's (Software Manual for the Elementary Functions, 1980, ch. 8) with fused
multiply-adds: x - n P1 is exact, since both are multiples of ulp(P1)/2 and the difference is below 2. Three parts
of pi are enough up to `LIMITS`: no float of the format is nearer to a multiple of pi/2 than 2^-61 (2^-30 for
float32), so what the third part leaves over is far below the result's last place.

Lanes beyond the limit are rare. A vector that holds one goes through the C library's function, lane by lane (in double
precision for float32), and that result is taken in those lanes only, so that a lane never depends on its neighbours.
"""

from __future__ import annotations

from croton.backends.cpu.vecmath.coefficients import HALF_PI, INVERSE_PI, PI, SIN, TAN
from croton.backends.cpu.vecmath.exponential import nearest
from croton.backends.cpu.vecmath.lanes import (
    F32,
    F64,
    Lanes,
    any_lane,
    at_least,
    at_most,
    exact_product,
    fma,
    magnitude,
    polynomial,
    quick_sum,
    where,
)

LIMITS = {"float64": 2.0**30, "float32": 2.0**17}


def less_multiples(x: Lanes, n: Lanes, parts: tuple[float, ...]) -> Lanes:
    """x - n (sum of parts)."""
    for part in parts:
        x = fma(-n, part, x)
    return x


def odd_sine(r: Lanes, index: Lanes) -> Lanes:
    """sin(r) for |r| <= pi/2, negated where the index is odd; never beyond 1."""
    form = r.kit.form
    r = (r.bits() ^ (index << (form.bits - 1))).as_float()
    z = r * r
    return at_least(at_most(fma(r * z, polynomial(z, SIN[form.dtype]), r), 1.0), -1.0)


def sin(x: Lanes) -> Lanes:
    """Sine."""
    form, a = x.kit.form, magnitude(x)
    n, index = nearest(x, INVERSE_PI[form.dtype][0], 0)
    y = odd_sine(less_multiples(x, n, PI[form.dtype]), index)
    y = where(a < 2.0**-30, x, y)
    return beyond_limit("sin", x, a, y)


def cos(x: Lanes) -> Lanes:
    """Cosine: x less an odd multiple of pi/2."""
    form = x.kit.form
    magic = form.magic + 1.0
    shifted = fma(x, INVERSE_PI[form.dtype][0], -0.5) + magic
    half_odd = (shifted - magic) + 0.5
    y = odd_sine(less_multiples(x, half_odd, PI[form.dtype]), shifted.bits())
    return beyond_limit("cos", x, magnitude(x), y)


def tan(x: Lanes) -> Lanes:
    """Tangent: tan(r) or -1/tan(r) for |r| <= pi/4."""
    form, a = x.kit.form, magnitude(x)
    n, index = nearest(x, 2 * INVERSE_PI[form.dtype][0], 0)
    first, second, third = HALF_PI[form.dtype]
    product, lost = exact_product(n, second)
    r, carry = quick_sum(fma(-n, first, x), -product)
    tail = fma(-n, third, carry - lost)
    z = r * r
    # the derivative 1 + tan(r)^2, to a few bits
    tail = fma(tail, z * 1.6, tail)
    t = r + fma(r * z, polynomial(z, TAN[form.dtype]), tail)
    swap = (index & 1).differs(0)
    y = where(swap, -1.0, t) / where(swap, t, 1.0)
    y = where(a < 2.0**-30, x, y)
    return beyond_limit("tan", x, a, y)


def beyond_limit(name: str, x: Lanes, a: Lanes, y: Lanes) -> Lanes:
    """y, but where |x| = a is beyond the limit the C library's value."""
    kit = x.kit
    e, limit, vector = kit.e, LIMITS[kit.form.dtype], kit.type_of("float")
    far = a > limit
    slow, lane, join = e.fresh("far"), e.fresh("lane"), e.fresh("near")
    before = e.label
    # the weights keep the spills that a call needs out of the common path
    e.put(
        f"br i1 {any_lane(far)}, label %{slow}, label %{join}, "
        '!prof !{!"branch_weights", i32 1, i32 100000}'
    )
    e.block(slow)
    e.jump(lane)
    e.block(lane)
    if kit.width == 1:
        done, after = _library_value(x, name, x.name), e.label
        e.jump(join)
    else:
        i, place_i = e.phi_slot("i32")
        made, place_made = e.phi_slot(vector)
        one = e.assign(f"extractelement {vector} {x.name}, i32 {i}")
        value = _library_value(x, name, one)
        done = e.assign(f"insertelement {vector} {made}, {kit.form.llvm} {value}, i32 {i}")
        following = e.assign(f"add i32 {i}, 1")
        more = e.assign(f"icmp ult i32 {following}, {kit.width}")
        e.fill_phi(place_i, [("0", slow), (following, e.label)])
        e.fill_phi(place_made, [(x.name, slow), (done, e.label)])
        after = e.label
        e.put(f"br i1 {more}, label %{lane}, label %{join}")
    e.block(join)
    result, place = e.phi_slot(vector)
    e.fill_phi(place, [(y.name, before), (done, after)])
    return where(far, Lanes(kit, result, "float"), y)


def _library_value(x: Lanes, name: str, scalar: str) -> str:
    """Call llvm.sin and the like on one number, in double precision."""
    e = x.kit.e
    e.declare(f"declare double @llvm.{name}.f64(double)")
    if x.kit.form is F64:
        return e.assign(f"call double @llvm.{name}.f64(double {scalar})")
    wide = e.assign(f"fpext float {scalar} to double")
    value = e.assign(f"call double @llvm.{name}.f64(double {wide})")
    assert x.kit.form is F32
    return e.assign(f"fptrunc double {value} to float")
