#define ISA base
#include "num/cell_isa.inc"
