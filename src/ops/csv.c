/* csv.c - lines of text to columns: DecodeCSV. */
#include "ops/csv.h"
#include "base/str.h"
#include "graph/graph.h"
#include "op/kernel.h"
#include "tensor/tstring.h"

#include <errno.h>
#include <stdlib.h>

static struct status *csv_shape(struct shape_ctx *c)
{
    for (int i = 1; i < c->n_in; i++) {
        const struct shape *s = shape_in(c, i);
        ENSURE(s->rank <= 1, "Shape must be at most rank 1 but is rank %d", s->rank);
        ENSURE(s->rank != 1 || s->dim[0] <= 1, "Shape of a default must be a length-0 or length-1 "
               "vector, or a scalar.");
    }
    for (int i = 0; i < c->n_out; i++)
        *shape_out(c, i) = *shape_in(c, 0);
    return NULL;
}

struct status *csv_check(const char *delimiter, const int64_t *select, int n_select, int n)
{
    ENSURE(strlen(delimiter) == 1, "field_delim should be only 1 char");
    ENSURE(!n_select || n_select == n, "select_cols should match output size");
    for (int i = 0; i < n_select; i++)
        ENSURE(select[i] >= 0 && (!i || select[i] > select[i - 1]),
               "select_cols should be strictly increasing indices, from 0 on");
    return NULL;
}

static struct status *csv_prepare(struct prep *p)
{
    const struct attr *select = node_attr_find(p->node, "select_cols");
    const char *delimiter = node_attr_string(p->node, "field_delim");
    struct csv *c;
    TRY(prep_state(p, sizeof *c, &c));
    TRY(csv_check(delimiter, select->ints, select->n, p->node->n_out));
    *c = (struct csv){ *delimiter, node_attr(p->node, "use_quote_delim"),
                       node_attr_find(p->node, "na_value")->text,
                       select->n ? select->ints : NULL, p->node->n_out };
    return NULL;
}

/* ---- one record ---- */

struct record { const char *at, *end; };

static bool ends(const struct csv *c, const struct record *r)
{
    return r->at == r->end || *r->at == c->delimiter;
}

static struct status *plain_field(const struct csv *c, struct record *r, struct str *s)
{
    for (; !ends(c, r); r->at++) {
        ENSURE(*r->at != '\n' && *r->at != '\r', "Unquoted fields cannot have quotes/CRLFs inside");
        ENSURE(*r->at != '"' || !c->quotes, "Unquoted fields cannot have quotes/CRLFs inside");
        str_add(s, r->at, 1);
    }
    return NULL;
}

/* Two quotes are one; a single one ends the field. */
static struct status *quoted_field(const struct csv *c, struct record *r, struct str *s)
{
    for (r->at++; r->at < r->end; r->at++) {
        if (*r->at == '"' && (r->at + 1 == r->end || r->at[1] != '"'))
            break;
        r->at += *r->at == '"';
        str_add(s, r->at, 1);
    }
    ENSURE(r->at < r->end, "Quoted field has to end with quote followed by delim or end");
    r->at++;
    ENSURE(ends(c, r), "Quoted field has to end with quote followed by delim or end");
    return NULL;
}

static struct status *next_field(const struct csv *c, struct record *r, struct str *s)
{
    s->n = 0;
    bool quoted = c->quotes && r->at < r->end && *r->at == '"';
    TRY((quoted ? quoted_field : plain_field)(c, r, s));
    return s->failed ? status_no_memory() : NULL;
}

static const char *noun(enum dtype t)
{
    return t == DT_INT32 ? "int32" : t == DT_INT64 ? "int64" : t == DT_FLOAT ? "float" : "double";
}

/* TF: spaces around a number are no harm. */
static struct status *put_number(const char *text, struct tensor *y, int64_t row, int field)
{
    char *end;
    bool whole = y->dtype == DT_INT32 || y->dtype == DT_INT64;
    errno = 0;
    long long i = whole ? strtoll(text, &end, 10) : 0;
    double d = whole ? 0 : strtod(text, &end);
    bool ok = end > text && !end[strspn(end, " \t")] && !(whole && errno) &&
              (y->dtype != DT_INT32 || i == (int32_t)i);
    ENSURE(ok, "Field %d in record %lld is not a valid %s: %.200s", field, (long long)row,
           noun(y->dtype), text);
    if (y->dtype == DT_INT64)
        ((int64_t *)y->data)[row] = i;
    else
        tensor_set_double(y, row, whole ? (double)i : d);
    return NULL;
}

static struct status *put_field(const struct csv *c, const struct tensor *fallback,
                                struct tensor *y, int field, int64_t row, const struct str *s)
{
    bool missing = !s->n || (s->n == c->missing.n && !memcmp(s->text, c->missing.s, s->n));
    if (missing) {
        ENSURE(tensor_count(fallback) == 1, "Field %d is required but missing in record %lld!",
               field, (long long)row);
        return tensor_copy_elements(y, row, fallback, 0, 1);
    }
    if (y->dtype != DT_STRING)
        return put_number(str_text(s), y, row, field);
    return tstring_set((struct tstring *)y->data + row, s->text, s->n) ? NULL : status_no_memory();
}

struct status *csv_record(const struct csv *c, const char *bytes, size_t length,
                          const struct tensor *fallback, struct tensor *y, int64_t row,
                          struct str *s)
{
    struct record r = { bytes, bytes + length };
    int field = 0;
    for (int64_t column = 0;; column++, r.at++) {
        TRY(next_field(c, &r, s));
        if (!c->select || (field < c->n && c->select[field] == column)) {
            ENSURE(field < c->n, "Expect %d fields but have more in record %lld", c->n,
                   (long long)row);
            TRY(put_field(c, &fallback[field], &y[field], field, row, s));
            field++;
        }
        if (r.at == r.end)
            break;
    }
    ENSURE(field == c->n, "Expect %d fields but have %d in record %lld", c->n, field,
           (long long)row);
    return NULL;
}

static struct status *decode_csv(struct kernel *k)
{
    const struct csv *c = k->state;
    const struct tensor *x = kernel_in(k, 0);
    struct str s = { 0 };
    struct status *st = NULL;
    struct tensor *fallback;
    TRY(kernel_temp(k, (size_t)c->n * sizeof *fallback, &fallback));
    for (int i = 0; i < c->n; i++) {
        const struct tensor *t = kernel_in(k, 1 + i);
        fallback[i] = *t;
        ENSURE(t->shape.rank <= 1 && tensor_count(t) <= 1, "There should only be 1 default per "
               "field but field %d has %lld", i, (long long)tensor_count(t));
        TRY(kernel_new(k, i, t->dtype, &x->shape));
    }
    for (int64_t row = 0; row < tensor_count(x) && !st; row++) {
        const struct tstring *text = (const struct tstring *)x->data + row;
        st = csv_record(c, tstring_data(text), tstring_len(text), fallback, kernel_out(k, 0), row,
                        &s);
    }
    str_free(&s);
    return st;
}

const struct op ops_csv[] = {
    { .name = "DecodeCSV", .inputs = "records: string, record_defaults: list(OUT_TYPE)",
      .outputs = "output: list(OUT_TYPE)",
      .attrs = "OUT_TYPE: list({float, double, int32, int64, string}) >= 1; "
               "field_delim: string = \",\"; use_quote_delim: bool = true; "
               "na_value: string = \"\"; select_cols: list(int) = []",
      .doc = "The fields of records of comma-separated values, a tensor a column.",
      .shape = csv_shape, .grad = NO_GRADIENT, .prepare = csv_prepare, .kernel_any = decode_csv },
    { 0 }
};
