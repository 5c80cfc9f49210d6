#define ISA base
#include "num/pool2d_isa.inc"
