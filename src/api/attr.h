/* attr.h - attributes as weft.h has them, both ways. What one points to stays where it is. */
#ifndef API_ATTR_H
#define API_ATTR_H

#include "api/api.h"
#include "base/arena.h"

enum weft_attr_kind attr_kind_out(enum attr_kind kind);
struct weft_attr attr_out(const struct attr *a);

struct given {                  /* what a builder was told, in the house's terms */
    struct arena tmp;
    struct attr *attr;
    struct node **after;
    int n_attr, n_after;
    const char *name, *device;
};

/* One more; there is room in `attr` and `after`. Zeroed before the first, `tmp` is the caller's to
 * free. */
MUST_CHECK struct status *given_take(struct given *b, const struct weft_attr *a);

#endif
