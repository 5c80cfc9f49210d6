#define ISA base
#include "num/norm_isa.inc"
