/* format.c - dimensions renamed from one data format to another, "NHWC" to "NCHW":
 * DataFormatVecPermute moves what is said of them, DataFormatDimMap changes their numbers. */
#include "ops/array.h"

/* Dimension i of the one format is place[i] of the other. */
struct format { int n, place[5], spatial[2], n_spatial; };

static struct status *format_name(const char *which, const char *attr, const char *s)
{
    size_t n = strlen(s);
    ENSURE(n == 4 || n == 5, "%s format must be of length 4 or 5, received %s = %s", which, attr,
           s);
    return NULL;
}

/* Every letter stands once in both. */
static struct status *format_match(struct format *f, const char *from, const char *to)
{
    unsigned taken = 0;
    bool match = strlen(from) == strlen(to);
    f->n = (int)strlen(from);
    for (int i = 0; i < f->n && match; i++) {
        const char *at = strchr(to, from[i]);
        match = at && !(taken >> (at - to) & 1);
        f->place[i] = match ? (int)(at - to) : 0;
        taken |= 1u << f->place[i];
    }
    ENSURE(match, "Destination and source format must determine a permutation, got %s and %s",
           from, to);
    return NULL;
}

static struct status *format_prepare(struct prep *p)
{
    const char *from = node_attr_string(p->node, "src_format");
    const char *to = node_attr_string(p->node, "dst_format");
    struct format *f;
    TRY(format_name("Source", "src_format", from));
    TRY(format_name("Destination", "dst_format", to));
    TRY(prep_state(p, sizeof *f, &f));
    TRY(format_match(f, from, to));
    for (int i = 0; i < f->n; i++)
        if (from[i] == 'H' || from[i] == 'W')
            f->spatial[f->n_spatial++] = i;
    return NULL;
}

/* ---- DataFormatVecPermute ---- */

static struct status *vec_permute_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    TRY(shape_want_rank_at_least(x, 1));
    ENSURE(x->rank <= 2, "Shape must be at most rank 2 but is rank %d", x->rank);
    return shape_unchanged(c);
}

/* All dimensions, or only height and width, in pairs (paddings) or not. */
static struct status *vec_permute_check(const struct format *f, const struct shape *x)
{
    ENSURE(x->rank == 1 || x->rank == 2, "input must be a vector or 2D tensor, but got shape %s",
           SHAPE_STR(x));
    bool fits = x->dim[0] == 2 || x->dim[0] == f->n;
    ENSURE(fits || x->rank == 2, "1D input must be of size 2 or %d, but got shape %s", f->n,
           SHAPE_STR(x));
    ENSURE(fits, "First dimension of 2D input must be of size 2 or %d, but got shape %s", f->n,
           SHAPE_STR(x));
    ENSURE(x->rank == 1 || x->dim[1] == 2,
           "Second dimension of 2D input must be of size 2, but got shape %s", SHAPE_STR(x));
    ENSURE(x->dim[0] != 2 || f->n_spatial == 2,
           "Format specifier must contain H and W for 2D case");
    return NULL;
}

static int vec_permute_place(const struct format *f, bool spatial, int i)
{
    if (!spatial)
        return f->place[i];
    return f->place[f->spatial[i]] > f->place[f->spatial[1 - i]];
}

static struct status *vec_permute(struct kernel *k)
{
    const struct format *f = k->state;
    const struct tensor *x = kernel_in(k, 0);
    TRY(vec_permute_check(f, &x->shape));
    TRY(kernel_new(k, 0, x->dtype, &x->shape));
    int64_t each = x->shape.rank == 2 ? 2 : 1;
    for (int i = 0; i < x->shape.dim[0]; i++)
        TRY(tensor_copy_elements(kernel_out(k, 0),
                                 each * vec_permute_place(f, x->shape.dim[0] == 2, i), x, each * i,
                                 each));
    return NULL;
}

/* ---- DataFormatDimMap ---- */

static struct status *dim_map(struct kernel *k)
{
    const struct format *f = k->state;
    const struct tensor *x = kernel_in(k, 0);
    int64_t n = tensor_count(x);
    for (int64_t i = 0; i < n; i++)
        ENSURE(index_at(x, i) >= -f->n && index_at(x, i) < f->n,
               "dimension %lld is out of range [-%d, %d)", (long long)index_at(x, i), f->n, f->n);
    TRY(kernel_new(k, 0, x->dtype, &x->shape));
    for (int64_t i = 0; i < n; i++) {
        int to = f->place[(index_at(x, i) + f->n) % f->n];
        if (x->dtype == DT_INT32)
            ((int32_t *)kernel_out(k, 0)->data)[i] = to;
        else
            ((int64_t *)kernel_out(k, 0)->data)[i] = to;
    }
    return NULL;
}

#define FORMATS .inputs = "x: T", .outputs = "y: T",                                            \
                .attrs = "T: {int32, int64} = int32; src_format: string = \"NHWC\"; "           \
                         "dst_format: string = \"NCHW\"",                                       \
                .grad = NO_GRADIENT, .prepare = format_prepare

const struct op ops_format[] = {
    { .name = "DataFormatVecPermute", FORMATS,
      .doc = "A vector (or pairs) with an element for each dimension of src_format, in the order "
             "of dst_format; two elements are height and width.",
      .shape = vec_permute_shape, .kernel_any = vec_permute },
    { .name = "DataFormatDimMap", FORMATS,
      .doc = "Where the dimensions of these numbers in src_format stand in dst_format.",
      .note = "A number that is no dimension is refused.",
      .shape = shape_unchanged, .kernel_any = dim_map },
    { 0 }
};
