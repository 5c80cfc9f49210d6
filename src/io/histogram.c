#include "io/histogram.h"
#include "base/mem.h"

#include <float.h>
#include <pthread.h>
#include <stdbool.h>

enum { SIDE = 775, LIMITS = 2 * SIDE + 1 };

static double limit[LIMITS];            /* -DBL_MAX ... -1e-12, 0, 1e-12 ... DBL_MAX */
static pthread_once_t limits_made = PTHREAD_ONCE_INIT;

/* By multiplying, step by step: the last digits of the limits are TensorFlow's. */
static void make_limits(void)
{
    double v = 1e-12;
    for (int i = 0; i < SIDE; i++, v *= 1.1) {
        limit[SIDE + 1 + i] = i < SIDE - 1 ? v : DBL_MAX;
        limit[SIDE - 1 - i] = -limit[SIDE + 1 + i];
    }
}

struct status *histogram_init(struct histogram *h)
{
    pthread_once(&limits_made, make_limits);
    *h = (struct histogram){ .bucket = mem_array(double, LIMITS), .min = DBL_MAX,
                             .max = -DBL_MAX };
    NEED(h->bucket);
    return NULL;
}

void histogram_release(struct histogram *h)
{
    mem_free(h->bucket);
    h->bucket = NULL;
}

/* The first bucket whose limit is above v; the last one takes its limit, too. */
static int bucket_of(double v)
{
    int low = 0, high = LIMITS - 1;
    while (low < high) {
        int mid = (low + high) / 2;
        if (limit[mid] > v)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

void histogram_add(struct histogram *h, double v)
{
    h->bucket[bucket_of(v)] += 1;
    h->min = v < h->min ? v : h->min;
    h->max = v > h->max ? v : h->max;
    h->num += 1;
    h->sum += v;
    h->sum_squares += v * v;
}

static void put_buckets(const struct histogram *h, Wire__HistogramProto *m)
{
    for (int i = 0; i < LIMITS; i++) {
        bool none = h->bucket[i] <= 0;
        while (none && i + 1 < LIMITS && h->bucket[i + 1] <= 0)
            i++;
        m->bucket_limit[m->n_bucket_limit++] = limit[i];
        m->bucket[m->n_bucket++] = h->bucket[i];
    }
}

struct status *histogram_to_proto(const struct histogram *h, struct arena *a,
                                  Wire__HistogramProto **to)
{
    Wire__HistogramProto *m = *to = arena_new(a, Wire__HistogramProto);
    NEED(m);
    wire__histogram_proto__init(m);
    m->min = h->min;
    m->max = h->max;
    m->num = h->num;
    m->sum = h->sum;
    m->sum_squares = h->sum_squares;
    NEED(m->bucket_limit = arena_array(a, double, LIMITS));
    NEED(m->bucket = arena_array(a, double, LIMITS));
    put_buckets(h, m);
    return NULL;
}
