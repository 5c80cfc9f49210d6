/* each_int.h - include EACH for every integer type; see each.h. */
#define EACH_SET SET_INTS
#include "op/each.h"
