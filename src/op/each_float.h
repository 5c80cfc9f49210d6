/* each_float.h - include EACH for half, bfloat16, float and double; see each.h. */
#define EACH_SET SET_FLOATS
#include "op/each.h"
