/* known.h - the table of known.c: no more than strings and flags, ended by an empty row. */
#ifndef OPS_KNOWN_H
#define OPS_KNOWN_H

#include "op/op.h"

extern const struct op ops_known[];

#endif
