#define ISA base
#include "num/reduce_isa.inc"
