/* attr.h - the value of an attribute: what a NodeDef says besides its inputs. */
#ifndef OP_ATTR_H
#define OP_ATTR_H

#include "tensor/tensor.h"

#include <string.h>

enum attr_kind {
    ATTR_NONE, ATTR_BOOL, ATTR_INT, ATTR_FLOAT, ATTR_TYPE, ATTR_STRING, ATTR_SHAPE, ATTR_TENSOR,
    ATTR_FUNC,
    ATTR_LIST = 16              /* added to a kind: a list of it */
};

struct text { const char *s; size_t n; };       /* any bytes, NUL-terminated besides */

struct attr;
struct func { struct text name; const struct attr *attr; int n_attr; };     /* what it is given */

struct attr {
    const char *name;
    enum attr_kind kind;
    union {
        int64_t i;                      /* BOOL, INT, TYPE */
        double f;                       /* FLOAT */
        struct text text;               /* STRING */
        const struct func *funcs;       /* FUNC: one; a list of FUNC */
        const struct shape *shape;      /* SHAPE */
        const struct tensor *tensor;    /* TENSOR */
        const int64_t *ints;            /* lists of BOOL, INT, TYPE (see attr_dtypes()) */
        const double *floats;           /* a list of FLOAT */
        const struct text *texts;       /* a list of STRING */
        const struct shape *shapes;     /* a list of SHAPE */
        const struct tensor *tensors;   /* a list of TENSOR */
    };
    int n;                              /* elements of a list */
};

/* What is pointed to is the caller's and only borrowed: graph_add() copies it. */
static inline struct attr attr_bool(const char *name, bool v)
{ return (struct attr){ name, ATTR_BOOL, { .i = v }, 0 }; }
static inline struct attr attr_int(const char *name, int64_t v)
{ return (struct attr){ name, ATTR_INT, { .i = v }, 0 }; }
static inline struct attr attr_float(const char *name, double v)
{ return (struct attr){ name, ATTR_FLOAT, { .f = v }, 0 }; }
static inline struct attr attr_type(const char *name, enum dtype v)
{ return (struct attr){ name, ATTR_TYPE, { .i = v }, 0 }; }
static inline struct attr attr_string(const char *name, const char *v)
{ return (struct attr){ name, ATTR_STRING, { .text = { v, strlen(v) } }, 0 }; }
static inline struct attr attr_shape(const char *name, const struct shape *v)
{ return (struct attr){ name, ATTR_SHAPE, { .shape = v }, 0 }; }
static inline struct attr attr_tensor(const char *name, const struct tensor *v)
{ return (struct attr){ name, ATTR_TENSOR, { .tensor = v }, 0 }; }
static inline struct attr attr_ints(const char *name, const int64_t *v, int n)
{ return (struct attr){ name, ATTR_LIST + ATTR_INT, { .ints = v }, n }; }
static inline struct attr attr_types(const char *name, const int64_t *v, int n)
{ return (struct attr){ name, ATTR_LIST + ATTR_TYPE, { .ints = v }, n }; }

struct arena;

/* Nodes and rows keep a list of TYPE twice: as int64_t, and behind those as the enum, which is how
 * weft.h shows it. `from` NULL: room for both, to be filled and sealed. NULL: no memory. */
int64_t *attr_types_copy(struct arena *a, const int64_t *from, int n);
void attr_types_seal(int64_t *types, int n);
static inline const enum dtype *attr_dtypes(const struct attr *a)
{ return (const enum dtype *)(a->ints + a->n); }

/* A deep copy whose memory is the arena's; tensors gain a reference, which the arena's
 * owner gives back with attr_release(). */
MUST_CHECK struct status *attr_copy(struct arena *a, struct attr *to, const struct attr *from);
void attr_release(struct attr *a);
bool attr_equal(const struct attr *a, const struct attr *b);

/* "type", "list(int)", ... */
const char *attr_kind_name(enum attr_kind kind);

/* The bytes of a STRING, the name of a FUNC; of element i of a list of these. */
const struct text *attr_text_at(const struct attr *a, int i);

#endif
