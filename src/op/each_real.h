/* each_real.h - include EACH for every real number type; see each.h. */
#define EACH_SET (SET_FLOATS | SET_INTS)
#include "op/each.h"
