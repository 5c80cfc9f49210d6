/* cell_isa.h - the loops that cell_ISA.c make; cell.c chooses one set. */
#ifndef NUM_CELL_ISA_H
#define NUM_CELL_ISA_H

#include "num/cell.h"

struct cell_loops {
    void (*lstm)(const struct lstm_rows *s, int64_t begin, int64_t end);
    void (*lstm_grad)(const struct lstm_rows_grad *s, int64_t begin, int64_t end);
    void (*gru_gates)(const struct gru_gates *s, int64_t begin, int64_t end);
    void (*gru)(const struct gru_rows *s, int64_t begin, int64_t end);
    void (*gru_grad_c)(const struct gru_rows_grad *s, int64_t begin, int64_t end);
    void (*gru_grad_ru)(const struct gru_rows_grad *s, int64_t begin, int64_t end);
};

extern const struct cell_loops cell_loops_base, cell_loops_avx2, cell_loops_avx512;

#endif
