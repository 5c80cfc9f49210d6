/* each_number.h - include EACH for every number type; see each.h. */
#define EACH_SET (SET_FLOATS | SET_INTS | SET_COMPLEX)
#include "op/each.h"
