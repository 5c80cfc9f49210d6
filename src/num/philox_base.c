#define ISA base
#include "num/philox_isa.inc"
