/* value.h - values, shapes and attributes as text, for tests.
 *
 *     float[2,2]{1 2 3 4}   float{3}   bool[2]{true false}   string[2]{"a" "b\x00c"}
 *     complex64[1]{1+2i}    float[0,3]{}    nan inf -inf
 *     float[100]{1 2 ...}   the last value is repeated;   {0 2 ..} goes on in equal steps
 *
 * A parser moves *p past what it read; what it makes is the caller's to release.
 */
#ifndef TEST_VALUE_H
#define TEST_VALUE_H

#include "op/op.h"
#include "tensor/tensor.h"

struct arena;
struct str;

struct tolerance { double relative, absolute; };

/* "[2,?,3]", or "?" for an unknown rank. */
MUST_CHECK struct status *shape_parse(const char **p, struct shape *s);

/* Is there a type's name here, followed by [ or {? */
bool value_is_here(const char *p);

/* A type, then optionally a shape ("float", "float[2]"), then perhaps {values}. Without values
 * `t` is left empty. Without a shape, values are a scalar and *s is of unknown rank. */
MUST_CHECK struct status *value_parse(const char **p, enum dtype *dtype, struct shape *s,
                                      struct tensor *t);

/* The value of an attribute, of kind `kind` where it is not ATTR_NONE, else as it looks. Memory
 * is the arena's, but tensors hold references (attr_release). */
MUST_CHECK struct status *attr_parse(struct arena *a, const char **p, enum attr_kind kind,
                                     struct attr *to);

void value_print(const struct tensor *t, struct str *to);

/* By dtype: float 1e-5, half 2e-3, bfloat16 1e-2, double 1e-9; 0 for what must be exact. */
struct tolerance tolerance_of(enum dtype t);

/* NULL, or what is different: dtype, shape, or the first element and both values. What variants are
 * only their ops know. */
MUST_CHECK struct status *tensor_differs(const struct tensor *got, const struct tensor *want,
                                         struct tolerance tol);
bool tensor_same_bits(const struct tensor *a, const struct tensor *b);

#endif
