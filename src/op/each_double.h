/* each_double.h - include EACH for float and double; see each.h. */
#define EACH_SET (SET_F32 | SET_F64)
#include "op/each.h"
