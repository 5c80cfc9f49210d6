#include "tensor/dtype.h"

static const struct { const char *name, *ref_name; } dtypes[DT_COUNT] = {
#define X(n, NAME, text, ctype, sfx) [n] = { text, text "_ref" },
    DTYPES(X)
#undef X
};

static bool known(enum dtype t) { return t > DT_INVALID && t < DT_COUNT; }

const char *dtype_name(enum dtype t)
{
    enum dtype base = dtype_base(t);
    if (!known(base))
        return "invalid";
    return base == t ? dtypes[t].name : dtypes[base].ref_name;
}

const char *dtype_py_name(enum dtype t)
{
    switch ((int)t) {
    case DT_FLOAT: return "float32";
    case DT_DOUBLE: return "float64";
    case DT_HALF: return "float16";
    case DT_FLOAT + DT_REF: return "float32_ref";
    case DT_DOUBLE + DT_REF: return "float64_ref";
    case DT_HALF + DT_REF: return "float16_ref";
    default: return dtype_name(t);
    }
}

enum dtype dtype_parse(const char *name, size_t len)
{
    for (enum dtype t = 1; t < DT_COUNT; t++)
        if (strlen(dtypes[t].name) == len && !memcmp(dtypes[t].name, name, len))
            return t;
    /* Python's spellings. */
    if (len == 7 && !memcmp(name, "float32", 7))
        return DT_FLOAT;
    if (len == 7 && !memcmp(name, "float64", 7))
        return DT_DOUBLE;
    if (len == 7 && !memcmp(name, "float16", 7))
        return DT_HALF;
    return DT_INVALID;
}

bool dtype_is_floating(enum dtype t)
{
    return t == DT_HALF || t == DT_BFLOAT16 || t == DT_FLOAT || t == DT_DOUBLE;
}

bool dtype_is_complex(enum dtype t)
{
    return t == DT_COMPLEX64 || t == DT_COMPLEX128;
}

bool dtype_is_integer(enum dtype t)
{
    return t == DT_INT8 || t == DT_INT16 || t == DT_INT32 || t == DT_INT64 ||
           t == DT_UINT8 || t == DT_UINT16 || t == DT_UINT32 || t == DT_UINT64;
}
