/* attr.h - attributes as weft.h has them. What one points to stays where it is. */
#ifndef API_ATTR_H
#define API_ATTR_H

#include "api/api.h"

enum weft_attr_kind attr_kind_out(enum attr_kind kind);
struct weft_attr attr_out(const struct attr *a);

#endif
