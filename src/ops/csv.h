/* csv.h - records of comma-separated values, for the op that decodes them and the dataset that
 * reads them. */
#ifndef OPS_CSV_H
#define OPS_CSV_H

#include "op/attr.h"

struct str;

struct csv {
    char delimiter;
    bool quotes;
    struct text missing;        /* what stands for no value, besides nothing */
    const int64_t *select;      /* the columns that are wanted, n of them; NULL: all */
    int n;
};

/* "field_delim should be only 1 char", "select_cols should match output size"... */
MUST_CHECK struct status *csv_check(const char *delimiter, const int64_t *select, int n_select,
                                    int n);

/* The fields of a record go to element `row` of y[n]; where one is missing, the only element of
 * fallback[n] does. `s` is room for a field. */
MUST_CHECK struct status *csv_record(const struct csv *c, const char *bytes, size_t length,
                                     const struct tensor *fallback, struct tensor *y, int64_t row,
                                     struct str *s);

#endif
