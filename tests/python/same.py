"""Whether two objects are the same all the way down: types, attributes, and arrays bit by bit."""
import types

import numpy as np

PLAIN = (type(None), bool, int, str, bytes, complex, type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType, np.ufunc, np.dtype)


def difference(one, two, place="root", seen=None):
    """The first place where two objects differ, in words, or None."""
    seen = {} if seen is None else seen
    if type(one) is not type(two):
        return "%s: %s and %s" % (place, type(one), type(two))
    if id(one) in seen:
        return None
    seen[id(one)] = (one, two)
    if isinstance(one, np.ndarray):
        if (one.dtype, one.shape) != (two.dtype, two.shape):
            return "%s: %s%s and %s%s" % (place, one.dtype, one.shape, two.dtype, two.shape)
        if one.flags.f_contiguous != two.flags.f_contiguous:
            return "%s: the memory order differs" % place
        if one.dtype.hasobject:
            return difference(one.tolist(), two.tolist(), place + ".tolist()", seen)
        if one.dtype.names:  # the padding between fields is whatever lay in memory
            return first(difference(one[name], two[name], "%s[%r]" % (place, name), seen) for name in one.dtype.names)
        return None if one.tobytes() == two.tobytes() else "%s: the values differ" % place
    if isinstance(one, PLAIN):
        return None if one == two else "%s: %r and %r" % (place, one, two)
    if isinstance(one, float):
        return None if one == two or one != one and two != two else "%s: %r and %r" % (place, one, two)
    if isinstance(one, dict):
        if list(one) != list(two) and {repr(key) for key in one} != {repr(key) for key in two}:
            return "%s: keys %s and %s" % (place, list(one), list(two))
        pairs = zip(one.items(), two.items())
        return first(difference(a, b, "%s[%r]" % (place, key), seen) for (key, a), (_, b) in pairs)
    if isinstance(one, (list, tuple)):
        if len(one) != len(two):
            return "%s: %d and %d items" % (place, len(one), len(two))
        return first(difference(a, b, "%s[%d]" % (place, i), seen) for i, (a, b) in enumerate(zip(one, two)))
    if isinstance(one, (set, frozenset)):
        return None if one == two else "%s: %r and %r" % (place, one, two)
    try:
        made = one.__reduce_ex__(4), two.__reduce_ex__(4)
    except TypeError:
        return None if one == two else "%s: %r and %r" % (place, one, two)
    if isinstance(made[0], str):
        return None if made[0] == made[1] else "%s: %s and %s" % (place, *made)
    parts = [[list(part) if i > 2 and part is not None else part for i, part in enumerate(reduced)] for reduced in made]
    return difference(parts[0], parts[1], "%s<%s>" % (place, type(one).__name__), seen)


def first(found):
    """The first that is not None."""
    return next((item for item in found if item is not None), None)
