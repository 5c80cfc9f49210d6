/* testing.h - for tests of what weft.h promises: checks of statuses, short ways to build. */
#ifndef API_TESTING_H
#define API_TESTING_H

#include <weft.h>

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static inline void ok(struct weft_status *st)
{
    if (st)
        fail_msg("%s", weft_status_message(st));
}

static inline void fails(struct weft_status *st, enum weft_code code, const char *text)
{
    assert_non_null(st);
    if (weft_status_code(st) != code || !strstr(weft_status_message(st), text))
        fail_msg("wanted %d \"%s\", got %d \"%s\"", code, text, weft_status_code(st),
                 weft_status_message(st));
    weft_status_free(st);
}

static inline void sticks(struct weft_graph *g, enum weft_code code, const char *text)
{
    fails(weft_graph_error(g), code, text);
}

static inline void is_near(double got, double want, double tolerance)
{
    if (got != want && !(fabs(got - want) <= tolerance * (1 + fabs(want))))
        fail_msg("%.10g instead of %.10g", got, want);
}

static inline struct weft_out unary(const char *op, struct weft_out x)
{
    return weft_op(NULL, op, &x, 1, NULL, 0);
}

static inline struct weft_out binary(const char *op, struct weft_out x, struct weft_out y)
{
    return weft_op(NULL, op, WEFT_OUTS(x, y), NULL, 0);
}

static inline struct weft_out placeholder(struct weft_graph *g, const char *name,
                                          enum weft_dtype t, int rank, const int64_t *dims)
{
    return weft_op(g, "Placeholder", NULL, 0,
                   WEFT_ATTRS(weft_name(name), weft_attr_type("dtype", t),
                              weft_attr_shape("shape", rank, dims)));
}

static inline struct weft_out cast(struct weft_out x, enum weft_dtype t)
{
    return weft_op(NULL, "Cast", &x, 1, WEFT_ATTRS(weft_attr_type("DstT", t)));
}

/* The sum of all elements of x, whose rank is known. */
static inline struct weft_out sum_all(struct weft_out x)
{
    static const double axes[] = { 0, 1, 2, 3 };
    int64_t dims[WEFT_MAX_RANK];
    struct weft_graph *g = weft_node_graph(x.node);
    return binary("Sum", x, weft_vector(g, WEFT_INT32, weft_out_shape(x, dims), axes));
}

static inline struct weft_out matrix(struct weft_graph *g, enum weft_dtype t, int rows, int cols,
                                     const double *v)
{
    struct weft_out flat = weft_vector(g, t, rows * cols, v);
    double dims[2] = { rows, cols };
    return binary("Reshape", flat, weft_vector(g, WEFT_INT32, 2, dims));
}

static inline void named(const struct weft_node *n, const char *name, const char *op)
{
    assert_non_null(n);
    assert_string_equal(weft_node_name(n), name);
    assert_string_equal(weft_node_op(n), op);
}

static inline struct weft_session *session_on(struct weft_graph *g)
{
    struct weft_session *s = NULL;
    ok(weft_graph_error(g));
    ok(weft_session_new(g, NULL, &s));
    return s;
}

static inline struct weft_tensor *value_of(struct weft_session *s, struct weft_out o)
{
    struct weft_tensor *t = NULL;
    ok(weft_session_eval(s, o, &t));
    return t;
}

static inline double number_of(struct weft_session *s, struct weft_out o)
{
    struct weft_tensor *t = value_of(s, o);
    double x = weft_tensor_number(t, 0);
    weft_tensor_free(t);
    return x;
}

static inline void holds(struct weft_session *s, struct weft_out o, const double *want, int n,
                         double tolerance)
{
    struct weft_tensor *t = value_of(s, o);
    assert_int_equal(weft_tensor_count(t), n);
    for (int i = 0; i < n; i++)
        is_near(weft_tensor_number(t, i), want[i], tolerance);
    weft_tensor_free(t);
}

#define HOLDS(s, o, ...)                                                    \
    holds(s, o, (const double[]){ __VA_ARGS__ },                            \
          (int)(sizeof((const double[]){ __VA_ARGS__ }) / sizeof(double)), 1e-6)

#endif
